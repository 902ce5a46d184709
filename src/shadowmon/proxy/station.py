"""
What all connections of one worker share, and the one timer that looks after them.

Rule 1: a connection has one deadline, an attribute that is moved forward as bytes come; the sweep
        finds the ones that have passed. So a request costs no timer of its own.
Rule 2: nothing here waits.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
import ssl
import uuid

from collections.abc import Callable

from shadowmon.clock import Clock
from shadowmon.ipc.board import WORKERS_MAX, Board, Count, TrialCell
from shadowmon.proxy.access_log import AccessLog, refused_line
from shadowmon.proxy.addresses import Addresses
from shadowmon.proxy.health import Health
from shadowmon.proxy.manners import Manners, open_on
from shadowmon.proxy.pick import Picker
from shadowmon.proxy.plan import Plan, PlannedModel
from shadowmon.proxy.pool import Pool
from shadowmon.proxy.reach import Reach, Say
from shadowmon.proxy.request_head import RequestHead, RequestReader
from shadowmon.proxy.sides import Servers, Visitor
from shadowmon.proxy.tee import Tee
from shadowmon.tls import client_context


_SWEEPS_PER_TIMEOUT = 8
_SWEEP_SECONDS_MAX = 1.0
_YOUNG_SECONDS = 2.0
_YOUNG_SWEEP_SECONDS = 0.05
"""Workers of a new generation have to see each other before the old one's users come over."""
_LOG_SECONDS = 1.0
"""What the access log still has at the end is written within this time, or lost."""


class Station:
    """One worker's shared things."""

    def __init__(
        self,
        *,
        plan: Plan,
        board: Board,
        handover: socket.socket | None,
        clock: Clock,
        tasks: asyncio.TaskGroup,
        own_host: bytes,
        say: Say,
    ) -> None:
        self.limits = plan.limits
        self.loop = asyncio.get_running_loop()
        self.monotonic = clock.monotonic
        self.now = clock.monotonic()
        """The time of the last sweep: near enough for a deadline, and free."""
        self._say = say
        self.slot = board.slot(plan.worker)
        self.manners = Manners(
            self.slot, (board.slot(each) for each in range(WORKERS_MAX) if each != plan.worker)
        )
        self.weight = board.weight
        self.picker = Picker(plan, active=lambda trial: bool(board.trial(trial, TrialCell.ACTIVE)))
        self.reader = RequestReader(
            self.picker.wanted, own_host=own_host, hidden=self.picker.hidden
        )
        self.new_id: Callable[[], str] = _new_uuid if plan.add_request_id else self._new_name
        """Makes an id for a request that has none."""
        self.tee = Tee(handover, self.slot, plan.limits, self.loop)
        self.pools = {model.name: self._servers(model, tasks) for model in plan.models}
        self.worker = plan.worker
        self.log = AccessLog(plan.log, self._log_dropped) if plan.log is not None else None
        self.kept_bytes = 0
        """Of all requests that could be sent again."""
        self.users: set[Visitor] = set()
        self.draining = False
        self.empty = asyncio.Event()
        """Set when the last user's connection is closed while draining."""
        self._life = os.urandom(8).hex()
        self._numbers = itertools.count()
        self._clock = clock
        self._young_until = self.now + _YOUNG_SECONDS
        self._sweep_seconds = min(
            _SWEEP_SECONDS_MAX,
            min(
                plan.limits.head_timeout_seconds,
                plan.limits.idle_timeout_seconds,
                plan.limits.first_byte_timeout_seconds,
                plan.limits.stream_idle_timeout_seconds,
                plan.limits.upstream_idle_seconds,
            )
            / _SWEEPS_PER_TIMEOUT,
        )
        self._count_as_closed()
        self._set_wall_offset()
        self._sweep_later()

    def _count_as_closed(self) -> None:
        """Count what a worker had open that was killed in this place: the kernel closed it."""
        if (open_still := open_on(self.slot)) > 0:
            self.slot.add(Count.CONNECTIONS_CLOSED, open_still)

    def _servers(self, model: PlannedModel, tasks: asyncio.TaskGroup) -> Servers:
        """Return where connections to one model come from."""
        context = _context(model)
        clock, say = self.monotonic, self._say
        pools = [
            Pool(
                address,
                self.limits,
                tasks,
                self.now,
                reach=Reach(model.name, address.text, clock=clock, say=say),
                context=context,
                server_name=model.tls.server_name,
                health=self._health() if len(model.addresses) > 1 else None,
            )
            for address in model.addresses
        ]
        if len(pools) == 1:
            return pools[0]
        return Addresses(pools, on_detour=lambda: self.slot.add(Count.DETOURED))

    def _health(self) -> Health:
        limits = self.limits
        return Health(
            after_failures=limits.rest_after_failures,
            rest_seconds=limits.rest_seconds,
            rest_max_seconds=limits.rest_max_seconds,
            clock=self.monotonic,
            on_rest=lambda: self.slot.add(Count.RESTED),
        )

    def _new_name(self) -> str:
        """Make an id that nobody outside ever sees."""
        return f"{self._life}{next(self._numbers):016x}"

    def admit(self, user: Visitor) -> bool:
        """Look after a new connection; return False if there are too many."""
        if user in self.users:  # it had a place while its TLS began
            return True
        if len(self.users) >= self.limits.connections_max:
            self.slot.add(Count.CONNECTIONS_REFUSED)
            return False
        self.slot.add(Count.CONNECTIONS)
        self.users.add(user)
        return True

    def replace(self, user: Visitor, by: Visitor) -> None:
        """Look after `by` from now on, which has taken over the connection of `user`."""
        self.users.discard(user)
        self.users.add(by)

    def dismiss(self, user: Visitor) -> None:
        """Look no more after a connection; it has ended, or was never admitted."""
        if user not in self.users:
            return
        self.users.remove(user)
        self.slot.add(Count.CONNECTIONS_CLOSED)
        if self.draining and not self.users:
            self.empty.set()

    def drain(self) -> None:
        """End every connection as soon as no request is under way on it."""
        self.draining = True
        if not self.users:
            self.empty.set()
        for user in tuple(self.users):
            user.drain()

    def shut(self) -> None:
        """End everything at once."""
        self._timer.cancel()
        for user in tuple(self.users):
            user.cut()
        for pool in self.pools.values():
            pool.close()
        self.tee.flush()
        if self.log is not None:
            self.log.close(within_seconds=_LOG_SECONDS)

    # --- what is told ---

    def note_refused(self, status: int, reason: str, head: RequestHead | None) -> None:
        """Write down a request that no model was asked; `head` is None if it could not be read."""
        if self.log is None:
            return
        self.log.note(
            refused_line(
                at=self.monotonic() + self.wall_offset,
                worker=self.worker,
                refused=status,
                reason=reason,
                method=head.method.decode("latin-1") if head else "",
                path=head.target.partition(b"?")[0].decode("latin-1") if head else "",
            )
        )

    def _log_dropped(self, lines: int) -> None:
        self.slot.add(Count.LOG_DROPPED, lines)

    # --- the one timer ---

    def _sweep_later(self) -> None:
        seconds = self._sweep_seconds
        if self.now < self._young_until:
            seconds = min(seconds, _YOUNG_SWEEP_SECONDS)
        self._due = self.monotonic() + seconds
        self._timer = self.loop.call_later(seconds, self._sweep)

    def _sweep(self) -> None:
        self.now = now = self.monotonic()
        self.slot.add_lag(max(0.0, now - self._due))
        self._set_wall_offset()
        self._sweep_later()
        for user in tuple(self.users):
            if user.deadline < now:
                user.expire()
        for pool in self.pools.values():
            pool.sweep(now)
        if self.log is not None:
            self.log.flush()

    def _set_wall_offset(self) -> None:
        now = self._clock.now().timestamp()
        self.slot.live(now)  # here, for it is now that the time is known
        self.manners.look_round(now)
        self.wall_offset = now - self.monotonic()
        """Seconds since the epoch when the monotonic clock was at 0."""


def _new_uuid() -> str:
    """Make an id that goes out into the world (RFC 9562, version 4)."""
    return str(uuid.uuid4())


def _context(model: PlannedModel) -> ssl.SSLContext | None:
    if not any(address.tls for address in model.addresses):
        return None
    return client_context(ca=model.tls.ca, certificate=model.tls.certificate, key=model.tls.key)
