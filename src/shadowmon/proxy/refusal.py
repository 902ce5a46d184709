"""The few answers that shadowmon gives to users itself; always the last on their connection."""

from __future__ import annotations

from http import HTTPStatus


CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def refusal(status: int, problem: str, *, to_head: bool = False) -> bytes:
    """
    Write a whole answer.

    Args:
        status: HTTP status.
        problem: What was found, in words for the caller; never anything that the caller sent.
        to_head: It answers a HEAD request, so that it has no body.

    """
    body = f"shadowmon: {problem}\n".encode()
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
        "content-type: text/plain; charset=utf-8\r\n"
        f"content-length: {len(body)}\r\n"
        "connection: close\r\n\r\n"
    ).encode()
    return head if to_head else head + body
