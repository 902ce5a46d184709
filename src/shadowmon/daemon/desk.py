"""What the console may see and ask for: see console/desk.py."""

from __future__ import annotations

import os
import signal

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from shadowmon import __version__
from shadowmon.clock import Clock
from shadowmon.config.load import load
from shadowmon.config.settings import Settings
from shadowmon.daemon.census import Census
from shadowmon.daemon.control import Control
from shadowmon.daemon.portrait import portrait
from shadowmon.daemon.reload import refuse_what_cannot_change
from shadowmon.errors import ConfigError, RefusedError
from shadowmon.ipc.board import WORKERS_MAX, Board, Count, Head
from shadowmon.records import Claim, EntryKind, Label, Operation, RolloutState, TrialId
from shadowmon.store.store import Row, Store
from shadowmon.telemetry.tallies import Tallies
from shadowmon.view import DaemonView, Sample


Figures: TypeAlias = tuple[tuple[Claim, float | None], ...]

_ARMS = ("baseline", "optimized")
_STALE_TICKS = 10
_RECENT = timedelta(minutes=1)
_MANY_LOSSES = 3


class DaemonDesk:
    """The daemon, as seen from the console."""

    def __init__(
        self,
        *,
        settings: Settings,
        path: Path | None,
        overrides: Mapping[str, Any],
        control: Control,
        store: Store,
        board: Board,
        census: Census,
        tallies: Tallies,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._path = path
        self._overrides = overrides
        self._control = control
        self._store = store
        self._board = board
        self._census = census
        self._tallies = tallies
        self._clock = clock
        self._started_at = clock.now()
        self._losses: deque[tuple[datetime, float]] = deque()
        """How many scorer processes had been lost, at each picture of the last minute."""
        self._view = self._draw()

    def view(self) -> DaemonView:
        """See `Desk.view`."""
        return self._view

    def draw(self) -> None:
        """Take a new picture; to be called after a commit."""
        self._view = self._draw()

    async def ask(
        self,
        trial_id: TrialId,
        operation: Operation,
        *,
        operator: str,
        reason: str,
        evidence: int | None = None,
    ) -> RolloutState:
        """See `Desk.ask`."""
        figures = None if evidence is None else await self._figures(trial_id, evidence)
        state = await self._control.ask(
            trial_id, operation, operator=operator, reason=reason, figures=figures
        )
        self.draw()
        return state

    async def _figures(self, trial_id: TrialId, number: int) -> Figures:
        """Return what a journalled verdict of a trial measured."""
        rows = await self._store.journal(trial_id=trial_id, before=number + 1, limit=1)
        if not rows or rows[0].number != number or rows[0].entry.kind is not EntryKind.VERDICT:
            msg = f"journal entry {number} is no verdict on trial {trial_id}"
            raise RefusedError(msg)
        reasons = rows[0].entry.data["reasons"]
        return tuple(
            (msgspec.convert(reason["claim"], Claim), reason["upper"]) for reason in reasons
        )

    def label(self, labels: Sequence[Label]) -> int:
        """See `Desk.label`."""
        return self._control.label(labels)

    async def journal(
        self, *, trial_id: TrialId | None, before: int | None, limit: int
    ) -> Sequence[Row]:
        """See `Desk.journal`."""
        return await self._store.journal(trial_id=trial_id, before=before, limit=limit)

    async def reload(self) -> None:
        """See `Desk.reload`. The supervisor reads the configuration again and exchanges us."""
        try:
            settings = load(self._path, environment=os.environ, overrides=self._overrides)
            refuse_what_cannot_change(self._settings, settings)
        except ConfigError:
            self._board.set_head(Head.RELOAD_REFUSED_AT, int(self._clock.now().timestamp()))
            self.draw()
            raise
        os.kill(os.getppid(), signal.SIGHUP)

    # --- the picture ---

    def _draw(self) -> DaemonView:
        now = self._clock.now()
        done, refused = (
            self._board.head(cell) for cell in (Head.RELOAD_DONE_AT, Head.RELOAD_REFUSED_AT)
        )
        return DaemonView(
            at=now,
            started_at=self._started_at,
            version=__version__,
            trials=tuple(
                portrait(trial, number)
                for number, trial in enumerate(self._control.trials.values())
            ),
            funnel=self._funnel(),
            samples=(*self._census.counters(self._own()), *self._restarts()),
            gauges=self._census.gauges(self._tallies.gauges()),
            answers=self._answers(),
            tick_seconds=self._control.tick_seconds,
            config_reload_successful=refused <= done,
            config_reload_at=datetime.fromtimestamp(done, UTC) if done else self._started_at,
            store_problem=self._control.store_problem,
            problems=tuple(self._problems(now)),
        )

    def _own(self) -> list[Sample]:
        tallies = [
            Sample(name=tally.name, labels=tally.labels, value=tally.value)
            for tally in self._tallies.snapshot()
        ]
        fates = self._control.labels.fates.items()
        return [
            *tallies,
            *(Sample(name="labels_total", labels=(fate,), value=value) for fate, value in fates),
        ]

    def _restarts(self) -> list[Sample]:
        cells: Mapping[str, Head] = {
            "control": Head.CONTROL_RESTARTS,
            "scoring": Head.SCORING_RESTARTS,
            "proxy": Head.PROXY_RESTARTS,
        }
        return [
            Sample(
                name="process_restarts_total",
                labels=(process,),
                value=float(self._board.head(cell)),
            )
            for process, cell in cells.items()
        ]

    def _count(self, *counts: Count) -> int:
        slots = [self._board.slot(worker) for worker in range(WORKERS_MAX)]
        return sum(slot.count(count) for slot in slots for count in counts)

    def _funnel(self) -> dict[str, int]:
        """Count requests in the order in which they can fall out."""
        tapped = {
            fate: int(self._tallies.total("exchanges_total", "tap", fate))
            for fate in ("mirrored", "sampled_out", "shed", "refused")
        }
        total = self._census.total
        return {
            "seen": self._count(Count.SEEN) + sum(tapped.values()),
            "unrouted": self._count(Count.UNROUTED),
            "sampled_out": self._count(Count.SAMPLED_OUT) + tapped["sampled_out"],
            "oversize": self._count(Count.OVERSIZE),
            "shed": self._count(Count.SHED, Count.TEE_FULL)
            + tapped["shed"]
            + int(total("exchanges_total", "mirror", "shed")),
            "aborted": self._count(Count.CLIENT_GONE, Count.TRUNCATED),
            "handed_over": self._count(Count.HANDED_OVER) + tapped["mirrored"],
            "skipped": int(total("exchanges_total", "mirror", "skipped")),
            "unpaired": int(total("unpaired_total")),
            "unscorable": int(total("unscorable_total")),
            "scored": int(total("pairs_total")),
        }

    def _answers(self) -> dict[str, tuple[tuple[int, ...], float]]:
        slots = [self._board.slot(worker) for worker in range(WORKERS_MAX)]
        answers = {}
        for arm, name in enumerate(_ARMS):
            each = [slot.answers(arm) for slot in slots]
            buckets = tuple(map(sum, zip(*(counts for counts, _ in each), strict=True)))
            answers[name] = (buckets, sum(seconds for _, seconds in each))
        return answers

    def _problems(self, now: datetime) -> list[str]:
        problems = []
        if self._control.store_problem:
            problems.append(f"the store cannot be written: {self._control.store_problem}")
        last = self._control.last_tick_at
        patience = timedelta(seconds=_STALE_TICKS * self._settings.daemon.tick_seconds)
        if last is None:
            problems.append("no tick yet")
        elif now - last > patience:
            problems.append(f"no tick since {last.isoformat()}")
        return [*problems, *self._scoring_problems(now)]

    def _scoring_problems(self, now: datetime) -> Iterator[str]:
        if self._settings.trials and not len(self._census):
            yield "no scoring worker has reported yet"
        lost = self._census.total("scorer_process_restarts_total")
        self._losses.append((now, lost))
        while self._losses[0][0] < now - _RECENT:
            self._losses.popleft()
        recent = int(lost - self._losses[0][1])
        if recent >= _MANY_LOSSES:
            yield f"{recent} scorer processes were lost in the last minute; the log says why"
