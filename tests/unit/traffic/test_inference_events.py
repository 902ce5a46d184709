"""What KServe's and Seldon's loggers tell, with every trap that is known of them."""

from __future__ import annotations

import pytest

from shadowmon.traffic.cloud_events import CloudEvent
from shadowmon.traffic.inference_events import Services
from shadowmon.traffic.settings import RouteSettings, ServiceSettings
from shadowmon.traffic.sighting import SightingError


ROUTES = {"iris": RouteSettings(path_prefix="/v1/models/iris", baseline="fp32", codec="json")}


def service(**more):
    """Return a service's settings."""
    return ServiceSettings(**({"name": "iris", "route": "iris", "model": "fp32"} | more))


SERVICES = Services([service()], ROUTES)


def kserve(kind="request", data=b'{"instances": [[1]]}', content_type="application/json", **told):
    """Return an event as KServe's agent sends it."""
    attributes = {
        "specversion": "1.0",
        "id": "689b15e7",
        "type": f"org.kubeflow.serving.inference.{kind}",
        "source": "http://localhost:9081/",
        "time": "2023-04-05T07:39:53.501752983Z",
        "inferenceservicename": "iris",
        "namespace": "default",
        "component": "predictor",
        "endpoint": "",
        "metadata": "null",
    }
    return CloudEvent(attributes=attributes | told, content_type=content_type, data=data)


def test_a_request_of_kserve():
    """The id joins, the service says which model, the time is when it happened (nanoseconds)."""
    seen = SERVICES.read(kserve())

    assert (seen.id, seen.route, seen.model) == ("689b15e7", "iris", "fp32")
    assert seen.request is not None
    assert seen.request.target == b"/v1/models/iris"
    assert seen.at == pytest.approx(1680680393.501752)


def test_content_type_of_a_request_is_what_curl_claims():
    """KServe's own examples post JSON as a form; the codec is told what it is."""
    seen = SERVICES.read(kserve(content_type="application/x-www-form-urlencoded"))

    assert seen.request is not None
    assert seen.request.headers == b"content-type: application/json"


@pytest.mark.parametrize(
    ("data", "claimed", "content_type"),
    [
        (b'{"predictions": [1]}', "text/plain", b"application/json"),
        (b'data: {"choices": []}\n\ndata: [DONE]\n\n', "application/json", b"text/event-stream"),
        (b"event: x\ndata: 1\n\n", "application/json", b"text/event-stream"),
        (b"\x00\x01", "application/octet-stream", b"application/octet-stream"),
    ],
)
def test_an_answer_has_the_requests_content_type(data, claimed, content_type):
    """The response event carries the request's content type: the bytes decide."""
    seen = SERVICES.read(kserve("response", data, claimed))

    assert seen.answer is not None
    assert seen.answer.headers == b"content-type: " + content_type


def test_status_is_200_unless_it_is_told():
    """KServe tells of 200 only; a logger that tells of all says which status it was."""
    plain = SERVICES.read(kserve("response")).answer
    told = SERVICES.read(kserve("response", statuscode="503")).answer

    assert plain is not None
    assert told is not None
    assert (plain.status, told.status) == (200, 503)


def test_metadata_is_the_requests_headers():
    """Allow-listed headers come as JSON with lists of values; the content type is left out."""
    metadata = '{"X-User-Id": ["u-1"], "X-Tag": ["a", "b"], "Content-Type": ["x/y"]}'
    seen = SERVICES.read(kserve(metadata=metadata))

    assert seen.request is not None
    assert seen.request.headers.split(b"\r\n")[1:] == [b"x-user-id: u-1", b"x-tag: a", b"x-tag: b"]


@pytest.mark.parametrize("metadata", ["null", "", "{", "[1]", '{"a": 1}', '{"a": [1, null]}'])
def test_odd_metadata_is_no_trouble(metadata):
    """What is no table of texts is left out."""
    seen = SERVICES.read(kserve(metadata=metadata))

    assert seen.request is not None
    assert seen.request.headers == b"content-type: application/json"


def test_metadata_cannot_forge_a_header():
    """A line's end in a value makes no line of its own."""
    seen = SERVICES.read(kserve(metadata='{"a": ["1\\r\\nx-user-id: admin"]}'))

    assert seen.request is not None
    assert len(seen.request.headers.split(b"\r\n")) == 2


def test_a_transformer_logs_under_the_same_id():
    """Its events are not the predictor's, unless they are asked for."""
    with pytest.raises(SightingError, match="component"):
        SERVICES.read(kserve(component="transformer"))

    asked_for = Services([service(component="transformer")], ROUTES)
    assert asked_for.read(kserve(component="transformer")).model == "fp32"


def test_canary_and_default_are_two_models_of_one_service():
    """The endpoint tells them apart; an empty one is the default."""
    services = Services(
        [service(endpoint="canary", model="int8"), service(endpoint="default")], ROUTES
    )

    assert services.read(kserve(endpoint="canary")).model == "int8"
    assert services.read(kserve(endpoint="")).model == "fp32"


def test_namespaces_keep_services_apart():
    """One name in two namespaces is two services."""
    services = Services(
        [service(namespace="b", model="int8"), service(namespace="default")], ROUTES
    )

    assert services.read(kserve(namespace="b")).model == "int8"
    with pytest.raises(SightingError, match=r"traffic\.events\.services"):
        services.read(kserve(namespace="c"))


def test_seldons_events_have_ids_of_their_own():
    """Request and response differ in id, and share requestid; the predictor is the endpoint."""
    services = Services([service(endpoint="main")], ROUTES)
    pair = [
        kserve(
            type=f"io.seldon.serving.inference.{kind}",
            id=f"own-{kind}",
            requestid="12b0d447",
            predictor="main",
            component="",
        )
        for kind in ("request", "response")
    ]

    seen = [services.read(each) for each in pair]

    assert [each.id for each in seen] == ["12b0d447", "12b0d447"]
    assert seen[0].request is not None
    assert seen[1].answer is not None


@pytest.mark.parametrize(
    "told",
    [
        {"type": "io.seldon.serving.inference.outlier"},
        {"type": "x"},
        {"inferenceservicename": "another"},
        {"id": "x" * 300},
    ],
)
def test_what_is_of_no_use_is_refused(told):
    """Other types of event, other services and endless ids are."""
    with pytest.raises(SightingError):
        SERVICES.read(kserve(**told))


def test_a_service_that_no_entry_names_is_told_as_it_was_found():
    """Whoever must write the entry reads what to write, in plain characters, and not too many."""
    with pytest.raises(SightingError) as caught:
        SERVICES.read(kserve(inferenceservicename="ir\nis", namespace="n" * 300))

    assert str(caught.value) == (
        "no entry of traffic.events.services has this event's inferenceservicename 'ir\\nis', "
        f"namespace '{'n' * 80}', endpoint 'default', component 'predictor'"
    )


@pytest.mark.parametrize("time", ["", "yesterday", "2023-04-05T07:39:53"])
def test_a_time_that_is_none_is_left_out(time):
    """Then the event's arrival counts; one without a zone could be anywhen."""
    assert SERVICES.read(kserve(time=time)).at is None
