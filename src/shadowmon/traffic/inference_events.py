"""
What KServe's and Seldon's inference loggers tell, as CloudEvents. Pure.

Read in the sources of both (KServe: pkg/logger; Seldon: the request logger and tempo):

- types `org.kubeflow.serving.inference.request` and `…response`, or `io.seldon.serving.inference.…`
- KServe joins by `id`: what the caller sent as `Ce-Id`, else made up; so one id sent to the
  services of both models joins them. Seldon's events have ids of their own, and `requestid`.
- the event of an answer has the *request's* content type, and that is often curl's form type: it
  is worth nothing, the bytes decide
- answers are told only if their status was 200, unless the logger tells `statuscode`
- `metadata` holds the request's allow-listed headers as JSON, each with a list of values
- a transformer, an explainer and the predictor log under one id; kubelet's probes are not logged
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from http import HTTPStatus

from shadowmon.errors import CodecError
from shadowmon.records import ModelName, RouteName
from shadowmon.traffic.cloud_events import CloudEvent
from shadowmon.traffic.codecs import sse, strict_json
from shadowmon.traffic.settings import RouteSettings, ServiceSettings
from shadowmon.traffic.sighting import (
    SeenAnswer,
    SeenRequest,
    Sighting,
    SightingError,
    header_lines,
)


SOURCE = "cloud_events"

_REQUESTS = frozenset(
    {"org.kubeflow.serving.inference.request", "io.seldon.serving.inference.request"}
)
_ANSWERS = frozenset(
    {"org.kubeflow.serving.inference.response", "io.seldon.serving.inference.response"}
)
_ID_MAX = 256
_SHOWN_MAX = 80


class Services:
    """Says of which model a service's events are."""

    def __init__(
        self, services: Iterable[ServiceSettings], routes: Mapping[str, RouteSettings]
    ) -> None:
        self._services = tuple(services)
        self._routes = routes

    def read(self, event: CloudEvent) -> Sighting:
        """
        Read an event.

        Raises:
            SightingError: If it is none of an inference, or of no service that is configured.

        """
        told = event.attributes
        kind = told["type"]
        if kind not in _REQUESTS | _ANSWERS:
            msg = "the event's type is none of an inference's request or response"
            raise SightingError(msg)
        service = self._service(told)
        is_request = kind in _REQUESTS
        return Sighting(
            source=SOURCE,
            route=RouteName(service.route),
            id=_id(told),
            model=ModelName(service.model),
            request=self._request(service, event) if is_request else None,
            answer=None if is_request else _answer(event),
            at=_moment(told.get("time", "")),
        )

    def _service(self, told: Mapping[str, str]) -> ServiceSettings:
        for service in self._services:
            if _is_of(service, told):
                return service
        msg = f"no entry of traffic.events.services has this event's {_named(told)}"
        raise SightingError(msg)

    def _request(self, service: ServiceSettings, event: CloudEvent) -> SeenRequest:
        target = service.target or self._routes[service.route].path_prefix
        claimed = event.content_type
        content_type = "application/json" if _is_json(event.data) or not claimed else claimed
        return SeenRequest(
            target=target.encode(),
            headers=header_lines(
                ("content-type", content_type),
                *_metadata(event.attributes.get("metadata", "")),
            ),
            body=event.data,
        )


def _named(told: Mapping[str, str]) -> str:
    """Say by what an event names its service, for whoever must write the entry for it."""
    found = {
        "inferenceservicename": told.get("inferenceservicename", ""),
        "namespace": told.get("namespace", ""),
        "endpoint": _endpoint(told),
        "component": told.get("component", ""),
    }
    return ", ".join(f"{name} {value[:_SHOWN_MAX]!a}" for name, value in found.items())


def _endpoint(told: Mapping[str, str]) -> str:
    return told.get("endpoint") or told.get("predictor") or "default"


def _is_of(service: ServiceSettings, told: Mapping[str, str]) -> bool:
    return (
        told.get("inferenceservicename") == service.name
        and service.namespace in {None, told.get("namespace")}
        and service.endpoint in {None, _endpoint(told)}
        and told.get("component", "") in {"", service.component}
    )


def _id(told: Mapping[str, str]) -> str:
    name = told.get("requestid") or told["id"]
    if len(name) > _ID_MAX:
        msg = f"the event's id has more than {_ID_MAX} characters"
        raise SightingError(msg)
    return name


def _answer(event: CloudEvent) -> SeenAnswer:
    if sse.is_stream((), event.data):
        content_type = "text/event-stream"
    elif _is_json(event.data) or not event.content_type:
        content_type = "application/json"
    else:
        content_type = event.content_type
    return SeenAnswer(
        status=_status(event.attributes.get("statuscode", "")),
        headers=header_lines(("content-type", content_type)),
        body=event.data,
    )


def _is_json(data: bytes) -> bool:
    return data[:64].lstrip()[:1] in {b"{", b"["}


def _status(told: str) -> int:
    if not told:
        return HTTPStatus.OK
    try:
        return HTTPStatus(int(told))
    except ValueError:
        msg = "the event's statuscode is no HTTP status"
        raise SightingError(msg) from None


def _moment(told: str) -> float | None:
    """Read a time as in RFC 3339; None if it is none: then the event's arrival is what counts."""
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment.timestamp()


def _metadata(told: str) -> Iterator[tuple[str, str]]:
    if not told:
        return
    try:
        found = strict_json.loads(told.encode())
    except CodecError:
        return
    for name, values in found.items() if isinstance(found, dict) else ():
        if name.lower() == "content-type":
            continue
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, str):
                yield name, value
