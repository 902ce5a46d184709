"""A packet's file that its receiver has no descriptor for."""

from __future__ import annotations

import os
import resource

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from shadowmon.ipc import handover
from shadowmon.ipc.handover import ExchangeHead, LostError, Parcel


def a_parcel(body: bytes, headers: bytes = b"") -> Parcel:
    """Return an exchange."""
    head = ExchangeHead("x-1", "chat", "proxy", b"POST", b"/", headers, 1.0, None, None, len(body))
    return Parcel(head, [body])


@contextmanager
def no_descriptor_free() -> Iterator[None]:
    """Let this process open nothing more."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.dup(0)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_what_cannot_be_taken_is_known_by_its_number():
    """Nobody has that file any more: how many were in it is told, and the next packet is whole."""
    write, read = handover.socket_pair()
    with write, read:
        lost = [a_parcel(b"a"), a_parcel(b"b", headers=b"a:" + b"b" * 300_000)]
        assert handover.send(write, lost) == 2
        assert handover.send(write, [a_parcel(b"next")]) == 1

        with no_descriptor_free(), pytest.raises(LostError) as error:
            handover.receive(read)

        assert error.value.exchanges == 2
        assert [each.body for each in handover.receive(read)] == [b"next"]


def test_what_cannot_be_sent_is_not_counted_as_handed_over():
    """A sender without a free descriptor hands nothing over that needs a file."""
    write, read = handover.socket_pair()
    with write, read, no_descriptor_free():
        assert handover.send(write, [a_parcel(b"b" * 300_000)]) == 0
        assert handover.send(write, [a_parcel(b"small")]) == 1
