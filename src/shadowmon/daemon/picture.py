"""The whole daemon's picture: trials, what all processes counted, and what is wrong."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from shadowmon import __version__
from shadowmon.clock import Clock
from shadowmon.config.settings import Settings
from shadowmon.daemon.census import Census
from shadowmon.daemon.control import Control
from shadowmon.daemon.intervals import Intervals
from shadowmon.daemon.portrait import portrait
from shadowmon.ipc.board import WORKERS_MAX, Board, Count, Head, Slot
from shadowmon.telemetry.tallies import Tallies
from shadowmon.view import DaemonView, Sample


_ARMS = ("baseline", "optimized")
_STALE_TICKS = 10
_RECENT = timedelta(minutes=1)
_MANY_LOSSES = 3
_SILENT_SECONDS = 5.0
"""A worker that gave no sign of life for so long is not counted as alive; a data-plane worker gives
one a second (`Station`), a scoring worker one with each report."""
_SILENT_REPORTS = 2


class Painter:
    """Takes the picture, again and again."""

    def __init__(
        self,
        settings: Settings,
        *,
        control: Control,
        board: Board,
        census: Census,
        tallies: Tallies,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._control = control
        self._board = board
        self._census = census
        self._tallies = tallies
        self._clock = clock
        self._started_at = clock.now()
        self._intervals = Intervals()
        self._losses: deque[tuple[datetime, float]] = deque()
        """How many scorer processes had been lost, at each picture of the last minute."""

    def draw(self) -> DaemonView:
        """Take a picture of this moment."""
        now = self._clock.now()
        done, refused = (
            self._board.head(cell) for cell in (Head.RELOAD_DONE_AT, Head.RELOAD_REFUSED_AT)
        )
        return DaemonView(
            at=now,
            started_at=self._started_at,
            version=__version__,
            trials=tuple(
                replace(
                    portrait(trial, number, self._intervals),
                    variance_ratio=self._control.variance_ratio(trial),
                    actuator=self._settings.trials[trial.plan.trial_id].actuator_type,
                )
                for number, trial in enumerate(self._control.trials.values())
            ),
            funnel=self._funnel(),
            samples=(*self._census.counters(self._own()), *self._restarts()),
            gauges=(*self._census.gauges(self._tallies.gauges()), *self._workers(now)),
            answers=self._answers(),
            tick_seconds=self._control.tick_seconds,
            config_reload_successful=refused <= done,
            config_reload_at=datetime.fromtimestamp(done, UTC) if done else self._started_at,
            store_problem=self._control.store_problem,
            freeze=self._control.freezing.freeze,
            problems=tuple(self._problems(now)),
        )

    def _own(self) -> list[Sample]:
        tallies = [
            Sample(name=tally.name, labels=tally.labels, value=tally.value)
            for tally in self._tallies.snapshot()
        ]
        fates = [
            Sample(name=name, labels=(fate,), value=value)
            for name, counter in (
                ("labels_total", self._control.labels.fates),
                ("feedback_total", self._control.feedback.fates),
            )
            for fate, value in counter.items()
        ]
        return [*tallies, *fates]

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

    def _workers(self, now: datetime) -> list[Sample]:
        """Tell how many workers there should be, and how many of them gave a sign of life."""
        settings = self._settings
        wanted = {
            "scoring": settings.scoring.workers,
            "proxy": settings.proxy.workers if settings.proxy.listen else 0,
        }
        patience = _SILENT_SECONDS + _SILENT_REPORTS * settings.daemon.flush_seconds
        since = now.timestamp() - _SILENT_SECONDS
        alive = {
            "scoring": self._census.alive(self._clock.monotonic() - patience),
            "proxy": sum(slot.lived_at >= since for slot in self._slots()),
        }
        return [
            Sample(name=name, labels=(process,), value=float(count))
            for name, counts in (("workers_wanted", wanted), ("workers_alive", alive))
            for process, count in counts.items()
        ]

    def _slots(self) -> list[Slot]:
        return [self._board.slot(worker) for worker in range(WORKERS_MAX)]

    def _count(self, *counts: Count) -> int:
        return sum(slot.count(count) for slot in self._slots() for count in counts)

    def _funnel(self) -> dict[str, int]:
        """Count requests in the order in which they can fall out."""
        tapped = {
            fate: int(
                self._tallies.total("exchanges_total", "tap", fate)
                + self._tallies.total("exchanges_total", "events", fate)
                + self._tallies.total("exchanges_total", "ext_proc", fate)
            )
            for fate in ("mirrored", "sampled_out", "shed", "refused", "oversize")
        }
        total = self._census.total

        def mirror(*fates: str) -> int:
            return sum(int(total("exchanges_total", "mirror", fate)) for fate in fates)

        return {
            "seen": self._count(Count.SEEN) + sum(tapped.values()),
            "unrouted": self._count(Count.UNROUTED),
            "sampled_out": self._count(Count.SAMPLED_OUT)
            + tapped["sampled_out"]
            + mirror("sampled_out"),
            "oversize": self._count(Count.OVERSIZE) + tapped["oversize"],
            "shed": self._count(Count.SHED, Count.TEE_FULL) + tapped["shed"] + mirror("shed"),
            "aborted": self._count(Count.CLIENT_GONE, Count.TRUNCATED)
            + int(self._tallies.total("ext_proc_streams_total", "aborted")),
            "handed_over": self._count(Count.HANDED_OVER) + tapped["mirrored"],
            "skipped": mirror("skipped"),
            "eligible": mirror("sampled_out", "budgeted_out", "failed", "mirrored"),
            "budgeted_out": mirror("budgeted_out"),
            "unpaired": int(total("unpaired_total")),
            "unscorable": int(total("unscorable_total")),
            "scored": int(total("pairs_total")),
        }

    def _answers(self) -> dict[str, tuple[tuple[int, ...], float]]:
        slots, answers = self._slots(), {}
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
