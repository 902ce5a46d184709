"""
What the parts of the proxy ask of one another, where the one asked is not known by name.

    Station --- Visitor
                 Asker --- Way --- Answerer
                          Waiter --- Servers

A `User` is the Visitor and the Asker, a `Passage` the Way and the Waiter, an `Upstream` the
Answerer, a `Pool` or several the Servers. So each of these files imports only those of whom it
makes one itself.
"""

from __future__ import annotations

import asyncio

from typing import Protocol

from shadowmon.proxy.answer_head import AnswerHead
from shadowmon.proxy.request_head import RequestHead
from shadowmon.proxy.tee import Recording


class Visitor(Protocol):
    """A user's connection, as its station sees it."""

    deadline: float
    """On the station's clock; when it has passed the sweep calls `expire`."""

    def expire(self) -> None:
        """Do what is to be done now that the deadline has passed."""

    def drain(self) -> None:
        """End the connection soon, unless something is under way on it."""

    def cut(self) -> None:
        """End the connection in a way that cannot be taken for the end of an answer."""


class Asker(Visitor, Protocol):
    """A user's connection, as the way of its request sees it."""

    transport: asyncio.Transport
    holds: int
    choked: bool
    """What was sent is not taken."""
    closes: bool
    """The connection ends after the present answer."""

    def hold(self, reason: int) -> None:
        """See `Line`."""

    def release(self, reason: int) -> None:
        """See `Line`."""

    def write(self, data: bytes) -> None:
        """Send bytes of an answer."""

    def asked_again(self) -> None:
        """The request was sent once more."""

    def turn_over(self) -> None:
        """The answer is whole."""

    def refuse(self, status: int, problem: str) -> None:
        """Say why there is no answer, and end the connection."""

    def step_aside(self) -> bytes:
        """Leave the connection to a tunnel; return what came ahead on it."""


class Answerer(Protocol):
    """A connection to a model server, as the way of a request sees it."""

    transport: asyncio.Transport
    holds: int
    choked: bool
    """What was sent is not taken."""
    passage: Way | None
    """Whose answer is expected on it."""

    def hold(self, reason: int) -> None:
        """See `Line`."""

    def release(self, reason: int) -> None:
        """See `Line`."""

    def leave(self) -> None:
        """End the connection."""

    def fail(self) -> None:
        """End the connection: the model server did not do what it should."""

    def part(self) -> None:
        """The connection is its pool's no longer."""


class Way(Protocol):
    """The way of a request and its answer, as the connection sees it that the answer comes by."""

    @property
    def head(self) -> RequestHead:
        """The request's head."""

    @property
    def recording(self) -> Recording | None:
        """Takes the answer's body; None if it is not recorded."""

    @property
    def unchunks(self) -> bool:
        """Are the answer's chunks taken apart?"""

    @property
    def uploaded(self) -> bool:
        """Was the whole request passed on?"""

    def inform(self, head: AnswerHead) -> None:
        """A head has come that is not the answer's."""

    def answer(self, head: AnswerHead, whole: bool) -> bytes | None:
        """
        Take the answer's head, and hear whether all of its body came with it.

        Returns:
            The user's head, or None if the body is not wanted.

        """

    def write(self, data: bytes) -> None:
        """Send bytes to the user that belong to no body."""

    def write_body(self, wire: bytes, data: bytes) -> None:
        """Send a part of the answer's body, after the bytes of `wire`."""

    def write_whole(self, wire: bytes, body: bytes) -> None:
        """Send the whole answer to the user: its head, and its body."""

    def finish(self) -> None:
        """The answer is whole (and its connection no longer the way's)."""

    def lost(self, *, may_be_stale: bool) -> None:
        """The connection ended before the answer did."""

    def switch(self, head: AnswerHead, rest: bytes) -> None:
        """The connection speaks something else from here on."""

    def hold_upload(self) -> None:
        """The model server does not take what was sent."""

    def release_upload(self) -> None:
        """The model server has taken it."""


class Waiter(Protocol):
    """Who waits for a connection to a model server."""

    @property
    def waits(self) -> bool:
        """Is the connection still wanted?"""

    def connected(self, upstream: Answerer) -> None:
        """Here it is."""

    def unreachable(self) -> None:
        """It cannot be had."""


class Servers(Protocol):
    """Where connections to one model come from."""

    def take(self) -> Answerer | None:
        """Return an idle connection, or None."""

    def connect(self, waiter: Waiter) -> None:
        """Make a connection, and tell `waiter` when it is there, or that it cannot be had."""

    def sweep(self, now: float) -> None:
        """Close what has been idle for too long; `now` stands until the next sweep."""

    def close(self) -> None:
        """Close what is idle, and give up what is being made."""
