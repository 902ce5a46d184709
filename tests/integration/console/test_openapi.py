"""The API's description is what the API does."""

from __future__ import annotations

import ast
import re

from pathlib import Path

import jsonschema_rs
import pytest

import shadowmon

from shadowmon.console.openapi.document import document
from shadowmon.console.server import make_app
from shadowmon.errors import Complaint, ConfigError, RefusedError
from tests.consoles import console_settings, metrics
from tests.views import a_trial_view, a_view
from tests.whole_console import everything_beside


DOCUMENT = document()
SOURCE = Path(shadowmon.__file__).parent
WHO = {"operator": "ada", "reason": "it looks odd"}
KNOWN = {
    "console/api.py",
    "console/curve.py",
    "console/freezes.py",
    "console/people.py",
    "gates/argo.py",
    "gates/flagger.py",
    "gates/kayenta.py",
    "gates/ofrep.py",
    "gates/xds.py",
    "notify/notifier.py",
}
"""Files that serve routes of the console; `everything_beside` puts all of them together."""
OF_OTHERS = {"demo/model_server.py"}


@pytest.fixture
def beside(desk):
    """All that is served beside the desk's own API."""
    return everything_beside(desk)


@pytest.fixture
def start_all(start, beside):
    """`start_all(token="…")` serves everything and returns a caller."""
    return lambda **changes: start(**beside, **changes)


@pytest.fixture
def ask(start_all):
    """Everything, without a token."""
    return start_all()


def routes(desk):
    """Return every (method, path) that the application serves."""
    app = make_app(desk, console_settings(), metrics, **everything_beside(desk))
    return {
        (route.method.lower(), route.resource.canonical)
        for route in app.router.routes()
        if route.method != "HEAD" and route.resource is not None
    }


def described():
    """Return every (method, path) that is described."""
    return {(method, path) for path, item in DOCUMENT["paths"].items() for method in item}


def check(value, schema):
    """Hold a value to one of the document's schemas."""
    whole = {**schema, "components": DOCUMENT["components"]}
    jsonschema_rs.Draft202012Validator(whole, validate_formats=True).validate(value)


def check_answer(answer, method, path):
    """Hold an answer to what is described of its route and its status."""
    responses = DOCUMENT["paths"][path][method]["responses"]
    assert str(answer.status) in responses, f"{method} {path} answers {answer.status}, undescribed"
    content = responses[str(answer.status)]["content"]
    kind = answer.headers["content-type"].partition(";")[0]
    assert kind in content
    if kind == "application/json":
        check(answer.json, content[kind]["schema"])


def test_every_route_is_described(desk):
    """Each route is described, and each description has a route."""
    assert described() == routes(desk)


def test_no_file_serves_routes_in_secret():
    """Whatever file registers routes is one whose routes are held against the description."""
    words = {"get", "post", "put", "patch", "delete", "head", "options", "route", "view", "static"}
    found = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if "web." in (text := path.read_text())
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute)
        and node.attr in words
        and isinstance(node.value, ast.Name)
        and node.value.id == "web"
    }

    assert found == KNOWN | OF_OTHERS


def test_every_reference_is_there():
    """What is referred to exists, and all that exists is referred to."""
    found = set(re.findall(r"'\$ref': '#/components/schemas/(\w+)'", str(DOCUMENT)))

    assert found == set(DOCUMENT["components"]["schemas"])


def test_every_operation_has_a_name_of_its_own():
    """Names of operations are what a generated client is called by: each is there once."""
    names = [
        operation["operationId"]
        for item in DOCUMENT["paths"].values()
        for operation in item.values()
    ]

    assert len(names) == len(set(names))


def examples():
    """Return each example with the schema it is to fit: of bodies, and of answers."""
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            contents = {"asked": operation.get("requestBody", {}).get("content", {})}
            contents |= {
                status: answer.get("content", {})
                for status, answer in operation["responses"].items()
            }
            for what, content in contents.items():
                for media in content.values():
                    if "example" in media:
                        name = f"{method} {path} {what}"
                        yield pytest.param(media["example"], media["schema"], id=name)


@pytest.mark.parametrize(("example", "schema"), list(examples()))
def test_every_example_fits(example, schema):
    """What is shown as an example fits the schema beside it."""
    check(example, schema)


@pytest.mark.parametrize("path", sorted(path for _, path in described() if "/gates/" in path))
def test_what_gates_ask_has_examples(path):
    """Whoever writes a client for a gate finds an example of what is sent and answered."""
    for method, operation in DOCUMENT["paths"][path].items():
        medias = [
            media
            for status, answer in operation["responses"].items()
            if status == "200"
            for media in answer["content"].values()
        ]
        if method == "post":
            medias += operation["requestBody"]["content"].values()
        assert all("example" in media or "$ref" in media["schema"] for media in medias), path


def test_document_is_served(ask):
    """The description is served as it is."""
    assert ask("GET", "/api/v1/openapi.json").json == DOCUMENT


def where(path):
    """Return a path with its parameters filled in."""
    filled = {"trial": "int8", "phase": "benchmark", "hook": "rollout", "kind": "runtime"}
    filled |= {"key": "int8", "id": "int8~90~75"}
    return re.sub(r"\{(\w+)\}", lambda found: filled[found[1]], path)


@pytest.mark.parametrize("path", sorted(path for method, path in described() if method == "get"))
@pytest.mark.parametrize("full", [True, False], ids=["full", "bare"])
def test_what_is_read_fits(ask, desk, path, full):
    """Every answer to a GET fits its schema, whether all is there or next to nothing."""
    if not full:
        bare = a_trial_view(verdict=None, figures=(), rules=(), last_pair_at=None)
        desk.show(trials=(bare,), config_reload_at=None, problems=("no tick yet",))

    check_answer(ask("GET", where(path)), "get", path)


def test_journalled_explanation_fits(ask):
    """An explanation of a journalled verdict fits the same schema as one of now."""
    path = "/api/v1/trials/{trial}/explain"

    check_answer(ask("GET", "/api/v1/trials/int8/explain?entry=7"), "get", path)


@pytest.mark.parametrize("path", sorted(path for method, path in described() if method == "post"))
def test_what_is_asked_fits(start_all, desk, path):
    """Every answer to a POST fits its schema: done, refused, forbidden, and unreadable."""
    operation = DOCUMENT["paths"][path]["post"]
    content = operation.get("requestBody", {}).get("content", {})
    body = content.get("application/json", {}).get("example", WHO)
    ask, there = start_all(), where(path)
    check_answer(ask("POST", there, body), "post", path)
    check_answer(ask("POST", there, body, {"Origin": "http://evil.example"}), "post", path)
    check_answer(start_all(token="s3cret")("POST", there, body), "post", path)
    if "requestBody" in operation:
        for wrong in (b"", b"{", b"[" * 2_000_000):
            check_answer(ask("POST", there, wrong), "post", path)
        check_answer(ask("POST", there, b"{}", {"Content-Type": "text/plain"}), "post", path)
    if "{trial}" in path:
        check_answer(ask("POST", path.replace("{trial}", "int9"), body), "post", path)
        desk.refuses = RefusedError("not now")
        check_answer(ask("POST", there, body), "post", path)


def test_refused_reload_fits(ask, desk):
    """A refused reload fits its schema, with every complaint."""
    desk.wrong = ConfigError(Complaint(key="a.b", problem="no such key"))

    check_answer(ask("POST", "/-/reload"), "post", "/-/reload")


@pytest.mark.parametrize("path", ["/api/v1/status", "/api/v1/journal", "/api/v1/trials/{trial}"])
def test_unknown_parameter_fits(ask, path):
    """A parameter that is not described is refused as described."""
    check_answer(ask("GET", where(path) + "?x=1"), "get", path)


@pytest.mark.parametrize(
    "wrong",
    [
        {"basis_points": 1},
        {"basis_points": 1, "percent": 0.01, "share": 1},
        {"basis_points": True, "percent": 0.01},
        {"basis_points": -1, "percent": 0.01},
        [],
        None,
    ],
)
def test_what_is_wrong_is_found(wrong):
    """A missing key, a strange one, a wrong type and a wrong number do not fit."""
    weight = {"$ref": "#/components/schemas/Weight"}

    check({"basis_points": 1, "percent": 0.01}, weight)
    with pytest.raises(jsonschema_rs.ValidationError):
        check(wrong, weight)


def test_view_of_nothing_fits(ask, desk):
    """A daemon without trials fits the schema too."""
    desk.show(trials=(), funnel={}, started_at=a_view().at)

    check_answer(ask("GET", "/api/v1/trials"), "get", "/api/v1/trials")
    check_answer(ask("GET", "/api/v1/status"), "get", "/api/v1/status")
