"""Accepting on a real socket: what goes wrong, and who goes first."""

from __future__ import annotations

import asyncio
import errno
import socket

import pytest

from shadowmon.clock import SystemClock
from shadowmon.ipc.board import Board, Count
from shadowmon.proxy.entrance import Entrance
from shadowmon.proxy.manners import Manners
from tests.integration.proxy.rig import until


class Listener(socket.socket):
    """One whose first tries to accept fail."""

    failing: tuple[OSError, ...] = ()
    tries = 0

    @classmethod
    def that_fails(cls, *errors: int) -> Listener:
        """Listen on a free port."""
        listener = cls()
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(False)
        listener.failing = tuple(OSError(number, "no") for number in errors)
        return listener

    def accept(self) -> tuple[socket.socket, object]:
        """See `socket.socket`."""
        self.tries += 1
        if self.tries <= len(self.failing):
            raise self.failing[self.tries - 1]
        return super().accept()


class Opened:
    """Entrances, and who has come in by them."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.entrances: list[Entrance] = []
        self.came: list[socket.socket] = []

    def __call__(self, listener: Listener) -> tuple[list[socket.socket], Board]:
        """Let users in; returns those who are in, and the board that a sibling lives on, too."""
        now = SystemClock().now().timestamp()
        self.board.slot(1).live(now)
        manners = Manners(self.board.slot(0), [self.board.slot(1)])
        manners.look_round(now)
        self.entrances.append(Entrance(listener, manners, self.came.append))
        self.entrances[-1].open()
        return self.came, self.board


@pytest.fixture(name="opened")
async def _opened():
    """`opened(listener)`: see `Opened`."""
    opened = Opened(Board.create())
    yield opened
    for entrance in opened.entrances:
        entrance.close()
    for sock in opened.came:
        sock.close()
    opened.board.close()


def a_user(listener: Listener) -> socket.socket:
    """Knock."""
    return socket.create_connection(listener.getsockname())


async def test_whoever_is_gone_already_keeps_nobody_out(opened):
    """The next one is accepted in the same turn."""
    listener = Listener.that_fails(errno.ECONNABORTED)
    came, _ = opened(listener)

    with a_user(listener):
        await until(lambda: len(came) == 1)


async def test_without_a_descriptor_left_it_waits(opened):
    """It tries again later, and not all the time: nobody is refused, and no CPU is burnt."""
    listener = Listener.that_fails(errno.EMFILE, errno.ENFILE, errno.ENOMEM)
    came, _ = opened(listener)

    with a_user(listener):
        await until(lambda: len(came) == 1)

    assert listener.tries <= 5


async def test_it_is_not_held_up_by_a_user_whom_another_worker_let_in(opened):
    """The socket is one that blocks; who has come is let in, and accepting goes no further."""
    listener = Listener.that_fails()
    listener.setblocking(True)
    came, _ = opened(listener)

    with a_user(listener):
        await until(lambda: len(came) == 1)


async def test_nobody_is_kept_out_by_a_sibling_that_does_not_come(opened):
    """It has fewer connections and lets nobody in; whoever waits is let in all the same."""
    listener = Listener.that_fails()
    came, board = opened(listener)
    board.slot(0).add(Count.CONNECTIONS, 100)

    users = [a_user(listener) for _ in range(40)]
    await until(lambda: len(came) == 40)

    for user in users:
        user.close()


async def test_nobody_is_let_in_once_it_is_closed(opened):
    """Not even if it was only pausing: others listen on, and let them in."""
    listener = Listener.that_fails(errno.EMFILE)
    with listener.dup() as other:
        came, _ = opened(listener)
        with a_user(listener):
            await until(lambda: listener.tries == 1)
            opened.entrances[0].close()
            await asyncio.sleep(0.2)
            other.accept()[0].close()

    assert came == []
