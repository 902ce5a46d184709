"""The access log: a line for each request, and no user ever waits for it."""

from __future__ import annotations

import json
import os
import re

from typing import Any

import msgspec
import pytest

from shadowmon.ipc.board import Count
from shadowmon.proxy.access_log import PATH_MAX, AccessLog, Line
from shadowmon.proxy.plan import PlannedLog
from tests.integration.proxy.rig import OK, answering, until


SECRET = b"hunter2"
POST = (
    b"POST /v1/chat?key=hunter2 HTTP/1.1\r\nHost: a\r\nX-Request-Id: one\r\n"
    b"Authorization: hunter2\r\nContent-Length: 7\r\n\r\nhunter2"
)
A_LINE = Line(
    at=0.0,
    worker=0,
    id="one",
    route="chat",
    method="GET",
    path="/v1/chat",
    model="base",
    status=200,
    ending="complete",
    fell_back=False,
    seconds=0.0,
    first_byte_seconds=None,
)
BROKEN = b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n"


@pytest.fixture(name="logged")
async def _logged(rig, tmp_path):
    """`await logged(…)` is a rig with an access log; `lines()` reads what it wrote."""

    async def logged(**changes):
        log = {"path": tmp_path / "access.jsonl", "waiting_max": changes.pop("waiting_max", 100)}
        return await rig(access_log=log, **changes)

    return logged


async def lines(proxy, folder, count: int):
    """Wait for so many lines; return them."""
    path = folder / "access.jsonl"
    proxy.station.log.flush()
    await until(lambda: path.exists() and path.read_bytes().count(b"\n") >= count)
    return [json.loads(line) for line in path.read_bytes().splitlines()]


async def test_a_request_is_a_line(logged, tmp_path):
    """Who was asked, what for, what came of it, and how long it took."""
    proxy = await logged()
    await proxy.ask(POST)

    (line,) = await lines(proxy, tmp_path, 1)

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line.pop("at"))
    assert 0 <= line.pop("first_byte_seconds") <= line.pop("seconds") < 5
    assert line == {
        "worker": 0,
        "id": "one",
        "route": "chat",
        "method": "POST",
        "path": "/v1/chat",
        "model": "base",
        "status": 200,
        "ending": "complete",
        "refused": 0,
        "reason": "",
        "fell_back": False,
    }


async def test_no_secret_is_in_it(logged, tmp_path):
    """Neither from the query, nor from a header, nor from a body."""
    proxy = await logged(base=answering(OK))
    await proxy.ask(POST)

    await lines(proxy, tmp_path, 1)

    assert SECRET not in (tmp_path / "access.jsonl").read_bytes()


async def test_failures_are_told(logged, tmp_path):
    """A fall-back, and a request that nobody answered."""
    proxy = await logged(int8=answering(BROKEN))
    proxy.weight(10_000)
    await proxy.ask(POST)
    proxy.base.stop()
    await proxy.ask(POST)

    first, second = await lines(proxy, tmp_path, 2)

    assert (first["model"], first["status"], first["fell_back"]) == ("base", 200, True)
    assert (second["status"], second["ending"]) == (0, "unreachable")
    assert (second["refused"], second["reason"]) == (502, "the model server could not be reached")


@pytest.mark.parametrize(
    ("sent", "status", "reason"),
    [
        (b"hunter2 hunter2\r\nhunter2\r\n\r\n", 400, "request line"),
        (b"GET /hunter2 HTTP/1.1\nHost: a\n\n", 400, "carriage return"),
        (b"GET /hunter2 HTTP/1.1\r\nX: " + b"hunter2" * 200 + b"\r\n\r\n", 431, "too large"),
        (b"GET /hunter2 HTTP/1.1\r\nX: " + b"hunter2" * 200, 431, "too large"),
        (b"GET /hunter2 HTTP/9.9\r\nHost: a\r\n\r\n", 505, "HTTP"),
        (b"GET /hunter2 HTTP/1.1\r\nHo", 408, "did not come in time"),
    ],
    ids=["malformed", "bare LF", "too large", "too large and unfinished", "version", "slow"],
)
async def test_a_refusal_is_a_line(logged, tmp_path, sent, status, reason):
    """Where the head cannot be read there is a reason, and nothing at all of what was sent."""
    proxy = await logged(head_max_bytes=1024, head_timeout_seconds=0.2)
    client = await proxy.client()
    assert (await client.ask(sent)).status == status

    (line,) = await lines(proxy, tmp_path, 1)

    assert (line["refused"], line["ending"], line["status"]) == (status, "refused", 0)
    assert reason in line["reason"]
    assert (line["method"], line["path"], line["id"], line["model"]) == ("", "", "", "")
    assert SECRET not in (tmp_path / "access.jsonl").read_bytes()


async def test_a_request_on_no_route_is_a_line(logged, tmp_path):
    """It was read, so its method and its path are told, without the query."""
    proxy = await logged(path_prefix="/v1")
    await proxy.ask(b"GET /v2/x?key=hunter2 HTTP/1.1\r\nHost: a\r\n\r\n")

    (line,) = await lines(proxy, tmp_path, 1)

    assert (line["method"], line["path"], line["refused"]) == ("GET", "/v2/x", 404)
    assert line["reason"] == "no route leads there"
    assert SECRET not in (tmp_path / "access.jsonl").read_bytes()


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [(b"zz\r\nhunter2", 400, "chunk"), (b"7\r\nhunter2\r\n", 408, "did not come in time")],
    ids=["malformed", "slow"],
)
async def test_a_body_that_is_refused_is_one_line(logged, tmp_path, body, status, reason):
    """Its line says who was asked, and why there was no answer."""
    proxy = await logged(stream_idle_timeout_seconds=0.2)
    client = await proxy.client()
    head = b"POST /v1/chat HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert (await client.ask(head + body)).status == status

    told = await lines(proxy, tmp_path, 1)

    assert [(line["refused"], line["path"], line["model"]) for line in told] == [
        (status, "/v1/chat", "base")
    ]
    assert reason in told[0]["reason"]
    assert SECRET not in (tmp_path / "access.jsonl").read_bytes()


async def test_a_model_that_does_not_answer_in_time_is_one_line(logged, tmp_path):
    """A 504 of ours is told with the request that it was for."""

    async def silent(visit):
        await visit.until_gone()

    proxy = await logged(base=silent, first_byte_timeout_seconds=0.2)
    assert (await proxy.ask(POST)).status == 504

    (line,) = await lines(proxy, tmp_path, 1)

    assert (line["id"], line["refused"], line["ending"]) == ("one", 504, "unreachable")


async def test_a_disk_that_hangs_holds_up_nobody(logged, tmp_path):
    """With a pipe that nobody reads users are served, and what does not fit is dropped, counted."""
    os.mkfifo(tmp_path / "access.jsonl")
    proxy = await logged(waiting_max=5)

    for _ in range(3):
        for _ in range(4):
            assert (await proxy.ask(POST)).raw == OK
        proxy.station.log.flush()

    assert proxy.count(Count.LOG_DROPPED) == 7
    reading = os.open(tmp_path / "access.jsonl", os.O_RDONLY | os.O_NONBLOCK)
    await until(lambda: proxy.station.log._writing == 0)
    os.close(reading)


async def test_a_file_that_cannot_be_written_is_counted(logged, tmp_path):
    """A folder in its place: every line is lost, and known to be."""
    (tmp_path / "access.jsonl").mkdir()
    proxy = await logged()
    await proxy.ask(POST)

    def told() -> bool:
        proxy.station.log.flush()
        return int(proxy.count(Count.LOG_DROPPED)) == 1

    await until(told)


async def test_the_file_may_be_moved_away(logged, tmp_path):
    """The next line makes a new one."""
    proxy = await logged()
    await proxy.ask(POST)
    await lines(proxy, tmp_path, 1)

    (tmp_path / "access.jsonl").rename(tmp_path / "yesterday.jsonl")
    await proxy.ask(POST)

    assert len(await lines(proxy, tmp_path, 1)) == 1


@pytest.fixture(name="written")
def _written(tmp_path):
    """`written(…)` is what a log of redacted addresses holds of a line."""

    def written(**changes: Any) -> dict[str, Any]:
        log = AccessLog(
            PlannedLog(path=str(tmp_path / "l"), waiting_max=9, patterns=("[a-z]+@[a-z.]+",)), print
        )
        log.note(msgspec.structs.replace(A_LINE, **changes))
        log.close(within_seconds=5)
        found: dict[str, Any] = json.loads((tmp_path / "l").read_text())
        return found

    return written


def test_patterns_are_redacted(written):
    """In paths and ids, which are all that a user writes there."""
    line = written(id="ann@example.org", path="/users/ann@example.org/x")

    assert (line["id"], line["path"]) == ("[redacted]", "/users/[redacted]/x")


def test_patterns_are_redacted_where_they_are_encoded(written):
    """What is percent-encoded is found too; of a path that has nothing to hide no byte changes."""
    hidden = written(id="ann%40example.org", path="/a%20b/ann%40example.org/x")

    assert (hidden["id"], hidden["path"]) == ("[redacted]", "/a b/[redacted]/x")


def test_a_path_is_written_as_it_came(written):
    """Where nothing is to be redacted the percent signs stay."""
    assert written(path="/a%20b%2Fc")["path"] == "/a%20b%2Fc"


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", ""])
def test_methods_of_http_are_written(written, method):
    """And that none could be read."""
    assert written(method=method)["method"] == method


@pytest.mark.parametrize("method", ["hunter2", "get", "ann@example.org", "PROPFIND"])
def test_any_other_method_is_not_written(written, method):
    """A stranger may send any word as a method, a secret too."""
    assert written(method=method)["method"] == "_OTHER"


async def test_a_secret_sent_as_a_method(logged, tmp_path):
    """It is forwarded, as the model server shall judge it, and the log does not hold it."""
    proxy = await logged()
    await proxy.ask(b"hunter2 /v1/chat HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")

    (line,) = await lines(proxy, tmp_path, 1)

    assert line["method"] == "_OTHER"
    assert SECRET not in (tmp_path / "access.jsonl").read_bytes()


def test_a_long_path_is_cut(written):
    """One request cannot fill the disk; it is cut after the redaction, so that nothing shows."""
    line = written(path="/" + "x" * (PATH_MAX - 5) + "/ann@example.org")

    assert len(line["path"]) == PATH_MAX
    assert "ann" not in line["path"]
