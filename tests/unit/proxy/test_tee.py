"""What waits to be handed over, and for how long."""

from __future__ import annotations

import asyncio

from contextlib import ExitStack

import pytest

from shadowmon.ipc import handover
from shadowmon.ipc.board import Board, Count
from shadowmon.ipc.handover import ExchangeHead, ServedHead
from shadowmon.proxy.plan import Limits
from shadowmon.proxy.settings import ProxySettings
from shadowmon.proxy.tee import Tee
from shadowmon.records import Ending


LIMITS = {name: getattr(ProxySettings(), name) for name in Limits.__struct_fields__}


class Handed:
    """A tee, and who takes what it hands over."""

    def __init__(self, stack: ExitStack, *, nowhere: bool = False) -> None:
        board = Board.create()
        stack.callback(board.close)
        write, self.taken = (stack.enter_context(end) for end in handover.socket_pair())
        self.slot = board.slot(0)
        self.tee = Tee(
            None if nowhere else write,
            self.slot,
            Limits(**LIMITS),
            asyncio.get_running_loop(),
        )

    def complete(self, name: str, body: bytes) -> None:
        """Record one exchange from its beginning to its end."""
        recording = self.tee.record()
        assert recording is not None
        assert recording.add_request([body])
        recording.answer.append(b"answer")
        assert recording.grew(6)
        self.tee.complete(recording, _head(name, len(body)))

    def packet(self) -> list[str]:
        """Return the ids of the exchanges in the next packet; none if there is none."""
        try:
            return [exchange.id for exchange in handover.receive(self.taken)]
        except BlockingIOError:
            return []


def _head(name: str, body_bytes: int) -> ExchangeHead:
    return ExchangeHead(
        id=name,
        route="chat",
        source="proxy",
        method=b"POST",
        target=b"/",
        headers=b"",
        received_at=0.0,
        served=ServedHead("base", Ending.COMPLETE, 200, b"", 0.1, 0.1, 6),
        failed_first=None,
        body_bytes=body_bytes,
    )


@pytest.fixture
def stack():
    with ExitStack() as stack:
        yield stack


async def test_exchanges_wait_for_one_another(stack):
    """Two that are complete go in one packet, a moment later, and nothing is held then."""
    handed = Handed(stack)

    handed.complete("a", b"one")
    handed.complete("b", b"two")
    at_once = handed.packet()
    handed.tee.flush()

    assert at_once == []
    assert handed.packet() == ["a", "b"]
    assert handed.tee.held == 0
    assert handed.slot.count(Count.HANDED_OVER) == 2


async def test_nothing_waits_for_ever(stack):
    """One exchange alone goes by itself, without another one to push it."""
    handed = Handed(stack)

    handed.complete("a", b"one")
    async with asyncio.timeout(5):
        while not (packet := handed.packet()):
            await asyncio.sleep(0.001)

    assert packet == ["a"]


async def test_a_full_packet_goes_at_once(stack):
    """What no longer fits with the others sends them ahead, and waits for the next packet."""
    handed = Handed(stack)

    for name in ("a", "b", "c"):
        handed.complete(name, bytes(50_000))
    at_once = handed.packet()
    handed.tee.flush()

    assert at_once == ["a", "b"]
    assert handed.packet() == ["c"]


async def test_without_anyone_to_take_it_all_is_shed(stack):
    """With no socket to hand over on exchanges are counted as shed, and are not kept."""
    handed = Handed(stack, nowhere=True)

    handed.complete("a", b"one")
    handed.tee.flush()
    handed.complete("b", b"two")
    handed.tee.flush()

    assert handed.slot.count(Count.SHED) == 2
    assert handed.tee.held == 0
