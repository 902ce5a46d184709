"""Exchanges over a packet socket that never blocks."""

from __future__ import annotations

import pytest

from msgspec.structs import replace

from shadowmon.ipc import handover
from shadowmon.ipc.handover import ExchangeHead, Parcel, ServedHead
from shadowmon.records import Ending, Exchange


SERVED = ServedHead("fp32", Ending.COMPLETE, 200, b"A: b", 0.5, 0.25, 0)
HEAD = ExchangeHead(
    id="x-1",
    route="digits",
    source="proxy",
    method=b"POST",
    target=b"/v2/%2F?a=b",
    headers=b"Content-Type: application/json\r\nX-Odd: \xe9",
    received_at=1_700_000_000.25,
    served=SERVED,
    failed_first=ServedHead("int8", Ending.UNREACHABLE, 0, b"", 0.1, None, 0),
    body_bytes=6,
)


def a_parcel(answer=b"", *, name="x-1"):
    """An exchange whose request came in two pieces."""
    served = replace(SERVED, body_bytes=len(answer))
    return Parcel(replace(HEAD, id=name, served=served), [b"abc", b"def"], [answer])


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

    assert handover.send(write, [a_parcel(b"x" * size)]) == 1
    (exchange,) = handover.receive(read)

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
    while handover.send(write, [a_parcel(b"y" * 50_000)]):
        sent += 1
        assert sent < 10_000

    assert sent > 0
    for _ in range(sent):
        assert handover.receive(read)
    with pytest.raises(BlockingIOError):
        handover.receive(read)


@pytest.mark.parametrize("size", [150_000, 1_000_000, 2_000_000])
def test_what_waits_in_files_is_bounded_too(ends, size):
    """Exchanges too large for a packet wait in memory that is no process's: not without an end."""
    write, read = ends
    sent = 0
    while handover.send(write, [a_parcel(b"y" * size)]):
        sent += 1
        assert sent * size < 2**27

    assert sent > 0
    for _ in range(sent):
        assert handover.receive(read)


def test_a_reader_that_is_gone_is_no_error(ends):
    """The data plane outlives whoever reads."""
    write, read = ends
    read.close()

    assert not handover.send(write, [a_parcel()])


def test_the_end_of_all_writers_is_told(ends):
    """An empty packet means: there will be no more."""
    write, read = ends
    write.close()

    assert handover.receive(read) == []


def test_several_go_in_one_packet(ends):
    """Exchanges that are complete together are one packet, and come out in their order."""
    write, read = ends

    assert handover.send(write, [a_parcel(b"z" * n, name=f"x-{n}") for n in range(20)]) == 20
    packet = handover.receive(read)

    assert [each.id for each in packet] == [f"x-{n}" for n in range(20)]
    assert [len(each.served.body) for each in packet if each.served] == list(range(20))
    with pytest.raises(BlockingIOError):
        handover.receive(read)


def test_large_ones_do_not_crowd_out_small_ones(ends):
    """What does not fit in one packet goes in several; each exchange arrives once."""
    write, read = ends
    sizes = [10, 100_000, 70_000, 1, 400_000, 2, 3]

    assert handover.send(write, [a_parcel(b"z" * size) for size in sizes]) == len(sizes)
    arrived: list[Exchange] = []
    while len(arrived) < len(sizes):
        arrived += handover.receive(read)

    assert [len(each.served.body) for each in arrived if each.served] == sizes


def test_a_body_in_very_many_pieces(ends):
    """More pieces than the kernel takes at one time are joined first."""
    write, read = ends
    head = replace(HEAD, body_bytes=5000, served=None)

    assert handover.send(write, [Parcel(head, [b"p"] * 5000)]) == 1

    assert handover.receive(read)[0].body == b"p" * 5000


def test_what_finds_no_room_is_not_counted(ends):
    """Of several packets those that fit are handed over, and only they are counted."""
    write, read = ends

    handed_over = handover.send(write, [a_parcel(b"y" * 100_000) for _ in range(200)])

    assert 0 < handed_over < 200
    arrived = 0
    while arrived < handed_over:
        arrived += len(handover.receive(read))
    with pytest.raises(BlockingIOError):
        handover.receive(read)


def test_answers_that_production_had_also_arrive_after_the_served_one(ends):
    """Each with its own body, in order, and the next exchange of the packet is whole."""
    write, read = ends
    other = ServedHead("int8", Ending.COMPLETE, 200, b"A: c", 0.2, None, 3)
    third = replace(other, model="int4", body_bytes=2)
    served = ServedHead("fp32", Ending.COMPLETE, 200, b"A: b", 0.5, 0.25, 1)
    head = replace(HEAD, served=served, also=(other, third))
    both = Parcel(head, [b"abcdef"], [b"1", b"222", b"33"])

    assert handover.send(write, [both, a_parcel(b"next", name="x-2")]) == 2
    first, second = handover.receive(read)

    assert first.served is not None
    assert first.served.body == b"1"
    assert [(each.model, each.body) for each in first.also] == [("int8", b"222"), ("int4", b"33")]
    assert second.also == ()
    assert second.served is not None
    assert second.served.body == b"next"


def test_a_packet_that_was_sent_is_empty(ends):
    """The same packet is filled again; nothing of what it held before, longer or not, is left."""
    write, read = ends
    packet = handover.Packet()
    received = []

    for size in (50_000, 300_000, 10, 0):
        parcel = a_parcel(b"w" * size)
        packet.add(parcel)
        assert packet.send(write) == 1
        received += handover.receive(read)

    assert [len(each.served.body) for each in received if each.served] == [50_000, 300_000, 10, 0]
    assert packet.send(write) == 0
