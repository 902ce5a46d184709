"""Exchanges over a packet socket that never blocks."""

from __future__ import annotations

import pytest

from shadowmon.ipc import handover
from shadowmon.ipc.handover import ExchangeHead, ServedHead
from shadowmon.records import Ending


HEAD = ExchangeHead(
    id="x-1",
    route="digits",
    source="proxy",
    method=b"POST",
    target=b"/v2/%2F?a=b",
    headers=[(b"Content-Type", b"application/json"), (b"X-Odd", b"\xe9")],
    received_at=1_700_000_000.25,
    served=ServedHead("fp32", Ending.COMPLETE, 200, [(b"A", b"b")], 0.5, 0.25),
    failed_first=ServedHead("int8", Ending.UNREACHABLE, 0, [], 0.1, None),
    body_bytes=6,
)


@pytest.fixture
def ends():
    write, read = handover.socket_pair()
    yield write, read
    write.close()
    read.close()


@pytest.mark.parametrize("size", [0, 1, 100_000, 3_000_000])
def test_an_exchange_arrives_as_it_was_sent(ends, size):
    """Bodies of any size, pieces joined, names of headers in lower case, odd bytes replaced."""
    write, read = ends

    assert handover.send(write, HEAD, [b"abc", b"def"], [b"x" * size])
    exchange = handover.receive(read)

    assert exchange is not None
    assert exchange.body == b"abcdef"
    assert exchange.served is not None
    assert exchange.served.body == b"x" * size
    assert exchange.headers == (("content-type", "application/json"), ("x-odd", "\ufffd"))
    assert exchange.failed_first is not None
    assert exchange.failed_first.ending is Ending.UNREACHABLE
    assert exchange.received_at.timestamp() == 1_700_000_000.25


def test_when_nobody_reads_it_drops_and_does_not_wait(ends):
    """A full line is told at once; what was sent before is still whole."""
    write, read = ends
    sent = 0
    while handover.send(write, HEAD, [b"abc", b"def"], [b"y" * 50_000]):
        sent += 1
        assert sent < 10_000

    assert sent > 0
    for _ in range(sent):
        assert handover.receive(read)
    with pytest.raises(BlockingIOError):
        handover.receive(read)


def test_a_reader_that_is_gone_is_no_error(ends):
    """The data plane outlives whoever reads."""
    write, read = ends
    read.close()

    assert not handover.send(write, HEAD, [b"abcdef"])


def test_the_end_of_all_writers_is_told(ends):
    """None means: there will be no more."""
    write, read = ends
    write.close()

    assert handover.receive(read) is None
