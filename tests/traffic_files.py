"""Recordings of traffic, written as their formats' descriptions say."""

from __future__ import annotations

import gzip
import json

from typing import Any


SEPARATOR = "\n🐵🙈🙉\n".encode()
BEGUN = 1_767_268_800_000_000_000
"""Noon of 2026-01-01, UTC, in nanoseconds since the epoch."""
SECOND = 1_000_000_000
TARGET = "/v1/chat/completions"


def asking(text: str = "hello", **more: Any) -> dict[str, Any]:
    """Return the body of a chat request."""
    return {"model": "m", "messages": [{"role": "user", "content": text}], **more}


def saying(text: str = "hi") -> dict[str, Any]:
    """Return the body of a chat answer."""
    message = {"role": "assistant", "content": text}
    return {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
    }


def http_request(body: Any = None, *headers: str, target: str = TARGET) -> bytes:
    """Return a request as it goes over the wire."""
    content = json.dumps(asking() if body is None else body).encode()
    lines = [f"POST {target} HTTP/1.1", "Host: api", f"Content-Length: {len(content)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + content


def http_response(body: Any = None, *headers: str, status: str = "200 OK") -> bytes:
    """Return a response as it goes over the wire."""
    content = body if isinstance(body, bytes) else json.dumps(body or saying()).encode()
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(content)}"]
    return "\r\n".join([*lines, "", ""]).encode() + content


def chunked(body: bytes, size: int = 7) -> bytes:
    """Return a body in chunks."""
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def gor(
    kind: int, name: str, message: bytes, *, at: float = 0.0, latency: float | None = 0.0
) -> bytes:
    """Return one record of GoReplay's; `at` is in seconds after the beginning."""
    fields = [str(kind), name, str(BEGUN + round(at * SECOND))]
    fields += [] if latency is None else [str(round(latency * SECOND))]
    return " ".join(fields).encode() + b"\n" + message + SEPARATOR


def gor_file(count: int, *, every: float = 1.0, answered: bool = False) -> bytes:
    """Return requests, one after the other, with production's answers if wanted."""
    found = []
    for number in range(count):
        name, at = f"{number:024x}", number * every
        found.append(gor(1, name, http_request(asking(f"question {number}")), at=at))
        if answered:
            answer = http_response(saying(f"answer {number}"))
            found.append(gor(2, name, answer, at=at + 0.5, latency=0.1))
    return b"".join(found)


def jsonl(*lines: Any) -> bytes:
    """Return JSON lines."""
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def har_entry(**changes: Any) -> dict[str, Any]:
    """Return an entry of an HTTP archive; request, response and more may be named."""
    request = {
        "method": "POST",
        "url": f"https://api.example{TARGET}?v=1#top",
        "httpVersion": "h2",
        "headers": [
            {"name": ":authority", "value": "api.example"},
            {"name": "Content-Type", "value": "application/json"},
            {"name": "Content-Length", "value": "7"},
        ],
        "queryString": [],
        "postData": {"mimeType": "application/json", "text": json.dumps(asking())},
    }
    response = {
        "status": 200,
        "statusText": "",
        "headers": [
            {"name": "content-encoding", "value": "gzip"},
            {"name": "content-type", "value": "application/json"},
        ],
        "content": {"size": 9, "mimeType": "application/json", "text": json.dumps(saying())},
    }
    entry = {
        "startedDateTime": "2026-01-01T12:00:00.000Z",
        "time": 500.0,
        "request": request | changes.pop("request", {}),
        "response": response | changes.pop("response", {}),
        "timings": {"blocked": 100, "dns": -1, "send": 1, "wait": 299, "receive": 100},
    }
    return entry | changes


def har(*entries: dict[str, Any]) -> bytes:
    """Return an archive."""
    log = {"version": "1.2", "creator": {"name": "t", "version": "1"}, "entries": list(entries)}
    return json.dumps({"log": log}, indent=2).encode()


def zipped(data: bytes) -> bytes:
    """Return a file as gzip leaves it."""
    return gzip.compress(data)
