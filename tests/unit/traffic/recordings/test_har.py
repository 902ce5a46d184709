"""HTTP archives, written by HAR 1.2's description, with their traps."""

from __future__ import annotations

import base64
import json

import pytest

from shadowmon.traffic.recordings.har import HTTP_ARCHIVE, entries
from shadowmon.traffic.recordings.recording import Kind, Part, RecordingError, Unusable
from tests.traffic_files import asking, har, har_entry, jsonl, saying


def parts(*told):
    """Index an archive of these entries."""
    return list(HTTP_ARCHIVE.parts(entries(har(*told)), name="a.har"))


def read(**changes):
    """Read the request of an entry; any key may be named."""
    return HTTP_ARCHIVE.read({Kind.REQUEST: jsonl(har_entry(**changes))})


def test_an_exchange():
    """A request and its answer are what they were, with the time that the server took."""
    found = read()

    assert (found.method, found.target) == ("POST", "/v1/chat/completions?v=1")
    assert found.headers == (("content-type", "application/json"),)
    assert json.loads(found.body) == asking()
    assert found.baseline is not None
    assert (found.baseline.status, found.baseline.headers) == (200, found.headers)
    assert json.loads(found.baseline.body) == saying()
    assert found.baseline.seconds == pytest.approx(0.4)
    assert found.baseline.first_byte_seconds == pytest.approx(0.3)


def test_entries():
    """Each entry is a record of its own, with its number, its moment and an id by its place."""
    first, second = parts(har_entry(), har_entry(startedDateTime="2026-01-01T13:00:00+01:00"))

    assert isinstance(first, Part)
    assert isinstance(second, Part)
    assert [(each.key, each.number) for each in (first, second)] == [("a.har:1", 1), ("a.har:2", 2)]
    assert first.at == second.at
    assert first.kinds == (Kind.REQUEST, Kind.BASELINE)


def test_a_byte_order_mark():
    """An archive may begin with one."""
    assert len(list(entries(b"\xef\xbb\xbf" + har(har_entry())))) == 1


@pytest.mark.parametrize("document", [b"", b"{}", b'{"log": {}}', b'{"log": {"entries": 1}}', b"["])
def test_no_archive(document):
    """What is no archive is refused whole."""
    with pytest.raises(RecordingError, match="it is no HTTP archive"):
        list(entries(document))


def test_base64():
    """A binary answer, and a binary request, come back as bytes."""
    coded = base64.b64encode(b"\x00\xff").decode()

    found = read(
        request={"postData": {"mimeType": "x", "text": coded, "encoding": "base64"}},
        response={"content": {"size": 2, "text": coded, "encoding": "base64"}},
    )

    assert found.baseline is not None
    assert (found.body, found.baseline.body) == (b"\x00\xff", b"\x00\xff")


def test_broken_base64():
    """What is no base64 is refused."""
    with pytest.raises(RecordingError, match="no base64"):
        read(response={"content": {"size": 2, "text": "%%%", "encoding": "base64"}})


def test_a_form():
    """A form that is told by its fields alone is written as a browser writes it."""
    params = [{"name": "a", "value": "1 2"}, {"name": "b", "value": "ä"}]
    kind = "application/x-www-form-urlencoded; charset=utf-8"
    posted = {"mimeType": kind, "params": params}

    assert read(request={"postData": posted}).body == b"a=1+2&b=%C3%A4"


def test_files_in_a_form():
    """A form with files does not tell its body."""
    posted = {"mimeType": "multipart/form-data", "params": [{"name": "a", "fileName": "b"}]}

    with pytest.raises(RecordingError, match="its body was not written down"):
        read(request={"postData": posted})


def test_no_body():
    """A request without a body has none."""
    assert read(request={"method": "GET", "postData": None}).body == b""


def test_an_answer_without_its_text():
    """Where an answer's body was left out nobody knows it; where it was empty it is empty."""
    left_out = {"response": {"content": {"size": 900, "mimeType": "application/json"}}}

    (part,) = parts(har_entry(**left_out))
    empty = read(response={"content": {"size": 0, "mimeType": "x"}})

    assert isinstance(part, Part)
    assert part.kinds == (Kind.REQUEST,)
    assert read(**left_out).baseline is None
    assert empty.baseline is not None
    assert empty.baseline.body == b""


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"response": {"status": 0}}, "it was given up before it was answered"),
        ({"_fromCache": "disk"}, "it was answered from the browser's cache"),
        ({"_webSocketMessages": []}, "it is a tunnel or a WebSocket, not one request"),
        ({"startedDateTime": "yesterday"}, "its time is none as in RFC 3339"),
    ],
)
def test_entries_that_are_no_exchange(changes, problem):
    """What is no exchange is refused with the reason, and its number."""
    good, bad = parts(har_entry(), har_entry(**changes))

    assert isinstance(good, Part)
    assert isinstance(bad, Unusable)
    assert bad.number == 2
    assert bad.problem.startswith(problem)


def test_an_entry_without_a_response():
    """An entry that lacks what the format asks for is refused."""
    entry = har_entry()
    del entry["response"]

    assert parts(entry) == [Unusable(number=1, problem="the entry has no response")]


def test_times_that_are_not_there():
    """Without phases the whole time stands; a time of -1 is none."""
    whole = read(timings={})
    none = read(timings={"send": -1, "wait": -1, "receive": -1}, time=-1)

    assert whole.baseline is not None
    assert none.baseline is not None
    assert (whole.baseline.seconds, whole.baseline.first_byte_seconds) == (0.5, None)
    assert none.baseline.seconds is None
