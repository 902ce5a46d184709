"""
Accepting: one listening socket that several workers share, each with `manners` towards the others.

We accept ourselves, for both event loops would take everyone who waits in one go.

Rule: what goes wrong with one who comes in is that one's matter; the next is let in all the same.
"""

from __future__ import annotations

import asyncio
import select
import socket

from collections.abc import Callable

from shadowmon.proxy.manners import PAUSE_SECONDS, Manners


_NO_DESCRIPTOR_SECONDS = 0.1
"""Pause after the system had no descriptor left for one more; others of us go on meanwhile."""


class Entrance:
    """Accepts users on one socket, and says who has come."""

    def __init__(
        self,
        listener: socket.socket,
        manners: Manners,
        let_in: Callable[[socket.socket], None],
    ) -> None:
        """
        Make one that is not open yet.

        Args:
            listener: Is closed with it.
            manners: Say when a sibling goes first.
            let_in: Given each connection; it does not block.

        """
        listener.setblocking(False)  # another worker may be quicker than our accept
        self._listener = listener
        self._manners = manners
        self._let_in = let_in
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.TimerHandle | None = None
        self._waiting = select.poll()
        self._waiting.register(listener, select.POLLIN)

    def open(self) -> None:
        """Let users in."""
        self._loop.add_reader(self._listener, self._welcome)

    def close(self) -> None:
        """Let nobody in any more; twice is harmless."""
        if self._pause is not None:
            self._pause.cancel()
        if self._listener.fileno() >= 0:
            self._loop.remove_reader(self._listener)
            self._listener.close()

    def _welcome(self) -> None:
        many = self._manners.welcome(self._loop.time())
        if not many:
            self._step_aside(PAUSE_SECONDS)
            return
        for _ in range(many):
            try:
                sock, _ = self._listener.accept()
            except BlockingIOError:  # another worker was quicker
                self._manners.nobody_waits()
                return
            except ConnectionAbortedError:  # gone before it was let in
                continue
            except OSError:  # no descriptor is left, or no memory
                self._step_aside(_NO_DESCRIPTOR_SECONDS)
                return
            sock.setblocking(False)
            self._let_in(sock)
            if self._is_empty():
                return

    def _step_aside(self, seconds: float) -> None:
        self._loop.remove_reader(self._listener)
        self._pause = self._loop.call_later(seconds, self._come_back)

    def _come_back(self) -> None:
        self._is_empty()
        self.open()

    def _is_empty(self) -> bool:
        """Does nobody wait? Our manners are told; to ask costs less than to accept in vain."""
        empty = not self._waiting.poll(0)
        if empty:
            self._manners.nobody_waits()
        return empty
