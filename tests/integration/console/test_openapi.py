"""The API's description is what the API does."""

from __future__ import annotations

import re

from datetime import datetime

import pytest

from shadowmon.console.openapi import document
from shadowmon.console.server import make_app
from shadowmon.errors import Complaint, ConfigError, RefusedError
from shadowmon.records import Contrast
from tests.consoles import a_desk, console_settings, metrics
from tests.views import a_trial_view, a_view


DOCUMENT = document()
WHO = {"operator": "ada", "reason": "it looks odd"}


def routes():
    """Return every (method, path) that the application serves."""
    app = make_app(a_desk(), console_settings(), metrics)
    return {
        (route.method.lower(), route.resource.canonical)
        for route in app.router.routes()
        if route.method != "HEAD" and route.resource is not None
    }


def described():
    """Return every (method, path) that is described."""
    return {(method, path) for path, item in DOCUMENT["paths"].items() for method in item}


def check(value, schema, where="$"):
    """Hold a value to a schema: the part of JSON Schema 2020-12 that the document uses."""
    if "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        assert any(_fits(value, choice) for choice in schema["anyOf"]), (where, value)
        return
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    assert any(_is_a(value, kind) for kind in kinds), (where, value, kinds)
    assert value in schema.get("enum", [value]), where
    assert not isinstance(value, int | float) or value >= schema.get("minimum", value), where
    if schema.get("format") == "date-time":
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value), where
        datetime.fromisoformat(value)
    if isinstance(value, list):
        for at, item in enumerate(value):
            check(item, schema["items"], f"{where}[{at}]")
    if isinstance(value, dict):
        _check_object(value, schema, where)


def _check_object(value, schema, where):
    known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    missing = set(schema.get("required", ())) - value.keys()
    assert not missing, (where, missing)
    for key, item in value.items():
        if key in known:
            check(item, known[key], f"{where}.{key}")
        else:
            assert others, f"{where}.{key} is not described"
            if others is not True:
                check(item, others, f"{where}.{key}")


def _fits(value, schema):
    try:
        check(value, schema)
    except AssertionError:
        return False
    return True


def _is_a(value, kind):
    kinds = {
        "object": dict,
        "array": list,
        "string": str,
        "boolean": bool,
        "integer": int,
        "number": int | float,
        "null": type(None),
    }
    return isinstance(value, kinds[kind]) and (kind == "boolean" or not isinstance(value, bool))


def check_answer(answer, method, path):
    """Hold an answer to what is described of its route and its status."""
    responses = DOCUMENT["paths"][path][method]["responses"]
    assert str(answer.status) in responses, f"{method} {path} answers {answer.status}, undescribed"
    content = responses[str(answer.status)]["content"]
    assert answer.headers["content-type"].partition(";")[0] in content
    if "application/json" in content:
        check(answer.json, content["application/json"]["schema"])


def test_every_route_is_described():
    """Each route is described, and each description has a route."""
    assert described() == routes()


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


def test_document_is_served(ask):
    """The description is served as it is."""
    assert ask("GET", "/api/v1/openapi.json").json == DOCUMENT


@pytest.mark.parametrize("path", sorted(path for method, path in described() if method == "get"))
@pytest.mark.parametrize("full", [True, False], ids=["full", "bare"])
def test_what_is_read_fits(ask, desk, path, full):
    """Every answer to a GET fits its schema, whether all is there or next to nothing."""
    if not full:
        bare = a_trial_view(verdict=None, figures=(), rules=(), last_pair_at=None)
        desk.show(trials=(bare,), config_reload_at=None, problems=("no tick yet",))

    check_answer(ask("GET", path.replace("{trial}", "int8")), "get", path)


def test_journalled_explanation_fits(ask):
    """An explanation of a journalled verdict fits the same schema as one of now."""
    path = "/api/v1/trials/{trial}/explain"

    check_answer(ask("GET", "/api/v1/trials/int8/explain?entry=7"), "get", path)


@pytest.mark.parametrize("path", sorted(path for method, path in described() if method == "post"))
def test_what_is_asked_fits(start, desk, path):
    """Every answer to a POST fits its schema: done, refused, forbidden, and unreadable."""
    where = path.replace("{trial}", "int8")
    body = [{"exchange_id": "x-1", "label": "7"}] if path.endswith("labels") else WHO
    ask = start()
    check_answer(ask("POST", where, body), "post", path)
    check_answer(ask("POST", where, body, {"Origin": "http://evil.example"}), "post", path)
    check_answer(start(token="s3cret")("POST", where, body), "post", path)
    if "reload" not in path:
        for wrong in (b"{", b"[" * 2_000_000):
            check_answer(ask("POST", where, wrong), "post", path)
        check_answer(ask("POST", where, b"{}", {"Content-Type": "text/plain"}), "post", path)
    if "{trial}" in path:
        check_answer(ask("POST", path.replace("{trial}", "int9"), body), "post", path)
        desk.refuses = RefusedError("not now")
        check_answer(ask("POST", where, body), "post", path)


def test_refused_reload_fits(ask, desk):
    """A refused reload fits its schema, with every complaint."""
    desk.wrong = ConfigError(Complaint(key="a.b", problem="no such key"))

    check_answer(ask("POST", "/-/reload"), "post", "/-/reload")


@pytest.mark.parametrize("path", ["/api/v1/status", "/api/v1/journal", "/api/v1/trials/{trial}"])
def test_unknown_parameter_fits(ask, path):
    """A parameter that is not described is refused as described."""
    check_answer(ask("GET", path.replace("{trial}", "int8") + "?x=1"), "get", path)


def test_walker_finds_what_is_wrong():
    """The walker sees a missing key, a strange one, a wrong type and a wrong word."""
    weight = {"$ref": "#/components/schemas/Weight"}

    wrongs: list[object] = [
        {"basis_points": 1},
        {"basis_points": 1, "percent": 0.01, "share": 1},
        {"basis_points": True, "percent": 0.01},
        {"basis_points": -1, "percent": 0.01},
        [],
        None,
    ]
    for wrong in wrongs:
        with pytest.raises(AssertionError):
            check(wrong, weight)
    check({"basis_points": 1, "percent": 0.01}, weight)
    with pytest.raises(AssertionError):
        check("sideways", {"type": "string", "enum": [contrast.value for contrast in Contrast]})


def test_view_of_nothing_fits(ask, desk):
    """A daemon without trials fits the schema too."""
    desk.show(trials=(), funnel={}, started_at=a_view().at)

    check_answer(ask("GET", "/api/v1/trials"), "get", "/api/v1/trials")
    check_answer(ask("GET", "/api/v1/status"), "get", "/api/v1/status")
