"""The three content modes of CloudEvents over HTTP."""

from __future__ import annotations

import base64
import json

import pytest

from shadowmon.traffic.cloud_events import CloudEvent, read_events
from shadowmon.traffic.sighting import SightingError


STRUCTURED = (("content-type", "application/cloudevents+json; charset=utf-8"),)
BATCH = (("content-type", "application/cloudevents-batch+json"),)
EVENT = {"specversion": "1.0", "id": "x-1", "type": "t", "source": "/s"}


def the_event(headers, body) -> CloudEvent:
    """Read what is one good event."""
    (event,) = read_events(headers, body)
    assert isinstance(event, CloudEvent)
    return event


def test_binary_mode():
    """Attributes are headers, percent encoding is taken off, and the body is the data."""
    headers = (
        ("ce-id", "x-1"),
        ("ce-type", "t"),
        ("ce-specversion", "1.0"),
        ("ce-metadata", "%7B%22a%22:%20%5B%22b c%22%5D%7D"),
        ("content-type", "text/plain"),
        ("x-other", "1"),
    )

    event = the_event(headers, b"\x00data")

    assert event.attributes["metadata"] == '{"a": ["b c"]}'
    assert "x-other" not in event.attributes
    assert (event.content_type, event.data) == ("text/plain", b"\x00data")


@pytest.mark.parametrize(
    ("told", "data"),
    [
        ({"data": {"instances": [1.5]}}, b'{"instances":[1.5]}'),
        ({"data": '{"a": 1}'}, b'{"a": 1}'),
        ({"data_base64": base64.b64encode(b"\xff\x00").decode()}, b"\xff\x00"),
        ({"data": "/wA=", "datacontentencoding": "base64", "specversion": "0.3"}, b"\xff\x00"),
        ({}, b""),
        ({"data": None}, b""),
    ],
)
def test_structured_mode(told, data):
    """Data as JSON, as text, as base64, in the old way of writing it, or none."""
    event = the_event(STRUCTURED, json.dumps(EVENT | told).encode())

    assert event.data == data
    assert event.attributes["id"] == "x-1"


def test_a_batch_loses_only_what_is_wrong():
    """An event that is none costs itself, not the others."""
    body = json.dumps([EVENT, {"id": "no type"}, 7, EVENT | {"data_base64": "!"}, EVENT]).encode()

    found = read_events(BATCH, body)

    assert [isinstance(each, SightingError) for each in found] == [False, True, True, True, False]


@pytest.mark.parametrize(
    ("headers", "body", "why"),
    [
        ((), b"{}", "attribute type"),
        ((("ce-type", "t"),), b"{}", "attribute id"),
        ((("ce-type", "t"), ("ce-id", "")), b"{}", "attribute id"),
        ((("ce-type", "t"), ("ce-id", "1"), ("ce-specversion", "2.0")), b"", "specversion"),
        (STRUCTURED, b"{", "not JSON"),
        (BATCH, b"{}", "array"),
        ((("content-type", "application/cloudevents+avro"),), b"", "another format"),
    ],
)
def test_what_is_no_event_is_refused(headers, body, why):
    """The reason says what is wrong."""
    try:
        found = read_events(headers, body)[0]
    except SightingError as error:
        found = error

    assert why in str(found)


def test_reasons_quote_nothing():
    """What people said is in no reason."""
    found = [*read_events(BATCH, b'[{"hunter2": 1}, "hunter2", {"id": "hunter2"}]')]

    assert all("hunter2" not in str(each) for each in found)
