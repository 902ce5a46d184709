"""
What a shadow call sends: the user's request, but for credentials and hop-by-hop fields. Pure.

The target goes out as it came in: never decoded, never normalised.
"""

from __future__ import annotations

import re

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from shadowmon.mirror.settings import ModelSettings
from shadowmon.records import SHADOW_HEADER, Headers


UNIX_SCHEME = "http+unix"
THIS_HOST = "localhost"
MARK = (SHADOW_HEADER, "1")
"""Tells the model server, and our own tap and proxy, that no user waits for this."""

_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""RFC 9110 section 7.6.1, and the two names that are met besides."""
_OURS_TO_SAY = frozenset({"host", "content-length", "expect", "accept-encoding", MARK[0]})
"""Of this connection, not of the user's. No coding is asked for: the answer is to be read."""
_UNSENDABLE = re.compile(r"[^\x21-\x7e]")
_LINE_BREAKS = re.compile(r"[\r\n\0]")


def socket_of(url: str) -> Path | None:
    """Return the Unix socket that a model's address names; None if it names a port."""
    parts = urlsplit(url)
    return Path(unquote(parts.netloc)) if parts.scheme == UNIX_SCHEME else None


def host_of(url: str) -> str | None:
    """Return on which host a model is; a Unix socket is on this one."""
    parts = urlsplit(url)
    return THIS_HOST if parts.scheme == UNIX_SCHEME else parts.hostname


def url_of(settings: ModelSettings, target: str) -> str:
    """
    Return the address of a shadow call: the model's own, and the target as on the wire.

    One thing is lost further on: the question mark of an empty query (`/a?`), which yarl drops.
    """
    if not target.startswith("/"):  # a proxy's absolute form: RFC 9112 section 3.2.2
        target = "/" + target.partition("://")[2].partition("/")[2]
    # Bytes that may not stand in a request line (RFC 9112 section 3) would end it early.
    target = _UNSENDABLE.sub(lambda found: quote(found[0], safe="", encoding="latin-1"), target)
    return _base(settings.url).rstrip("/") + target.replace("#", "%23")


def _base(url: str) -> str:
    """Return an address as HTTP knows it: of a Unix socket it knows the path prefix only."""
    parts = urlsplit(url)
    return f"http://{THIS_HOST}{parts.path}" if parts.scheme == UNIX_SCHEME else url


def headers_of(
    settings: ModelSettings, headers: Headers, *, drop_headers: Iterable[str]
) -> list[tuple[str, str]]:
    """Return the headers of a shadow call: the user's without what is not to go on, and ours."""
    ours = {name.lower(): value for name, value in settings.headers.items()}
    if settings.bearer_token is not None:
        ours["authorization"] = f"Bearer {settings.bearer_token.get_secret_value()}"
    gone = {name.lower() for name in drop_headers} | _HOP_BY_HOP | _OURS_TO_SAY | set(ours)
    gone |= _named_by_connection(headers)
    kept = [(name, _LINE_BREAKS.sub(" ", value)) for name, value in headers if name not in gone]
    return [*kept, *ours.items(), MARK]


def _named_by_connection(headers: Headers) -> set[str]:
    values = ",".join(value for name, value in headers if name == "connection")
    return {name.strip().lower() for name in values.split(",")}
