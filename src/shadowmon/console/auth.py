"""
Who may do what. Pure: a request's marks go in, a refusal comes out or none.

Rule 1: reading is free to whoever can connect; what changes something is asked who it is, and so is
what hands out production's own texts.
Rule 2: with a token configured the token decides; without one only this machine may, and only
directly: what a proxy passed on comes from who knows where.
Rule 3: a browser that acts for another site is refused, whatever it carries (CSRF); one that asks
for another site's name was refused before (console/hosts.py).
Rule 4: messages are constant. They say what to do, and nothing of what was sent.
"""

from __future__ import annotations

import enum
import hmac
import re

from dataclasses import dataclass
from urllib.parse import urlsplit

from shadowmon.console.address import is_loopback
from shadowmon.console.hosts import host_name


READING = frozenset({"GET", "HEAD", "OPTIONS"})

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")


class Door(enum.Enum):
    """What a resource asks of whoever comes."""

    READ = enum.auto()
    """Nothing: no method of it changes anything."""
    OPERATE = enum.auto()
    """The operator's token, of what changes something."""
    REVIEW = enum.auto()
    """A reviewer's token or the operator's, even of a GET: production's texts are behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Those that are configured; None: not."""

    operator: str | None = None
    reviewer: str | None = None

    def of(self, door: Door) -> tuple[str, ...]:
        """Return those that open a door; none: only this machine itself may."""
        keys = (self.operator, self.reviewer) if door is Door.REVIEW else (self.operator,)
        return tuple(key for key in keys if key is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What a request tells of who sent it."""

    method: str
    peer: str
    """Address of the other end of the connection; empty if there is none."""
    host: str = ""
    origin: str | None = None
    fetch_site: str | None = None
    """The header Sec-Fetch-Site, which pages cannot forge."""
    authorization: str | None = None
    forwarded: bool = False
    """Does it say that a proxy passed it on?"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why not."""

    status: int
    message: str
    hint: str


OTHER_SITE = Refusal(
    status=403,
    message="a page of another site may not change anything here",
    hint="use the command line, or a page of this very address",
)
NO_TOKEN = Refusal(
    status=401,
    message="this needs the operator's token",
    hint="send it as `authorization: Bearer …`; the command line reads it from SHADOWMON_TOKEN",
)
NO_REVIEWER_TOKEN = Refusal(
    status=401,
    message="this needs a reviewer's token",
    hint="send console.reviewer_token, or the operator's, as `authorization: Bearer …`",
)
NOT_LOCAL = Refusal(
    status=403,
    message="without console.operator_token only this machine itself may change anything",
    hint="configure console.operator_token, or ask on the daemon's own machine",
)
NO_REVIEWER = Refusal(
    status=403,
    message="without a token only this machine itself may see what users wrote",
    hint="configure console.reviewer_token, or ask on the daemon's own machine",
)


def is_token(text: str) -> bool:
    """Can this be sent as a bearer token (RFC 6750, section 2.1: b64token)?"""
    return _TOKEN.fullmatch(text) is not None


def refusal(marks: Marks, *, tokens: Tokens, door: Door = Door.OPERATE) -> Refusal | None:
    """
    Say why a request may not do what it asks; None if it may.

    Args:
        marks: Of the request.
        tokens: The configured ones.
        door: What the resource asks.

    """
    if door is Door.READ or (door is Door.OPERATE and marks.method in READING):
        return None
    if _is_of_another_site(marks):
        return OTHER_SITE
    reviews = door is Door.REVIEW
    if keys := tokens.of(door):
        opened = [_carries(marks.authorization, key) for key in keys]
        no_token = NO_REVIEWER_TOKEN if reviews else NO_TOKEN
        return None if any(opened) else no_token
    local = is_loopback(marks.peer) and not marks.forwarded and is_loopback(host_name(marks.host))
    not_local = NO_REVIEWER if reviews else NOT_LOCAL
    return None if local else not_local


def _is_of_another_site(marks: Marks) -> bool:
    if marks.fetch_site not in {None, "same-origin", "none"}:
        return True
    if marks.origin is None:
        return False
    return _place(marks.origin) != marks.host.lower()


def _place(origin: str) -> str | None:
    """Return the host and port of an origin; None if it cannot be read, which is nobody's."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None


def _carries(authorization: str | None, token: str) -> bool:
    scheme, _, sent = (authorization or "").partition(" ")
    # Compared as bytes, for compare_digest refuses text beyond ASCII, and in constant time.
    same = hmac.compare_digest(sent.strip().encode("utf-8", "replace"), token.encode())
    return same and scheme.lower() == "bearer"
