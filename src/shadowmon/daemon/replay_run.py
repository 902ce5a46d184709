"""A replay of recorded traffic, from its files to what it proves: put together and run."""

from __future__ import annotations

import asyncio
import signal

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from shadowmon.clock import Clock
from shadowmon.config.settings import Settings
from shadowmon.daemon.pairs_file import About, PairsFile
from shadowmon.daemon.recorded_line import LineWriter
from shadowmon.daemon.recording import Recording
from shadowmon.daemon.replay import Replay
from shadowmon.daemon.replay_outlet import Folding
from shadowmon.daemon.replay_requests import Requests
from shadowmon.daemon.replay_traffic import TrafficReplay
from shadowmon.errors import RefusedError
from shadowmon.traffic.recordings.formats import format_of
from shadowmon.traffic.recordings.index import Slot
from shadowmon.traffic.recordings.recording import Arms
from shadowmon.traffic.redact import Redaction
from shadowmon.traffic.settings import Privacy


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be replayed, and how."""

    files: tuple[str, ...]
    format: str
    """One of `formats.TRAFFIC`."""
    speed: float | None = 1.0
    """See `TrafficReplay`."""
    limit: int | None = None
    """Only the first so many requests."""
    output: Path | None = None
    """Where the pairs go."""
    resume: bool = False
    may_call: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How far it came."""

    requests: int
    """In the recording, or up to the limit."""
    begun: int
    """Of these, so many have their end, those of an earlier run included."""
    resumed: int
    """Pairs of an earlier run."""
    asked: int
    """Requests for which a model was called, in this run."""
    behind_seconds: float
    is_timed: bool
    """Did the recording say when its requests were made?"""
    stopped_by: str
    """Why it stopped by itself; empty if it did not."""

    @property
    def is_whole(self) -> bool:
        """Is everything done?"""
        return self.begun == self.requests


Progress = Callable[[int], Callable[[int], None]]
"""Is told how many requests there are, and returns what is to be told of each."""


def run(
    settings: Settings, replay: Replay, wanted: Wanted, clock: Clock, progress: Progress
) -> Done:
    """
    Replay.

    Raises:
        RefusedError: If a file cannot be read or written, or the pairs may not be kept.

    """
    traffic, plan = settings.traffic, replay.plan
    if wanted.output is not None and traffic.privacy is Privacy.SCORES_ONLY:
        msg = "traffic.privacy is scores_only: no answer may be written, so there is no --output"
        raise RefusedError(msg)
    arms = Arms(route=plan.route, baseline=plan.baseline, optimized=plan.optimized)
    reader = format_of(
        wanted.format, arms=arms, litellm=traffic.events.litellm, routes=settings.routes
    )

    def refuse(problem: str, file: str, number: int) -> None:
        replay.refuse(problem, file=file, number=number)

    with Recording(wanted.files, wanted.format, reader, refuse=refuse) as recording:
        pairs = _pairs_file(wanted, replay, recording)
        is_finished = False
        try:
            writer = LineWriter(Redaction(traffic.redaction), traffic.redaction)
            folding = Folding(replay, recording, writer, pairs)
            slots = recording.slots[: wanted.limit]
            again = TrafficReplay(
                settings,
                plan,
                requests=lambda route: Requests(settings, arms, route.codec, recording, clock),
                outlet=folding,
                clock=clock,
                speed=wanted.speed,
                may_call=wanted.may_call,
                moved=progress(len(slots)),
            )
            asyncio.run(_run(again, slots))
            is_finished = again.told.begun == len(recording.slots)
        finally:
            if pairs is not None:
                pairs.close(finished=is_finished)
    return Done(
        requests=len(slots),
        begun=again.told.begun,
        resumed=folding.resumed,
        asked=again.told.asked,
        behind_seconds=again.told.behind_seconds,
        is_timed=all(slot.at is not None for slot in slots),
        stopped_by=again.told.stopped_by,
    )


def _pairs_file(wanted: Wanted, replay: Replay, recording: Recording) -> PairsFile | None:
    if wanted.output is None:
        return None
    about = About(
        trial=replay.plan.trial_id,
        baseline=replay.plan.baseline,
        optimized=replay.plan.optimized,
        recording=recording.fingerprint,
    )
    return PairsFile(wanted.output, about, resume=wanted.resume)


async def _run(again: TrafficReplay, slots: list[Slot]) -> None:
    """Run, and let Ctrl-C finish what is under way; a second one ends it at once."""
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()

    def stop() -> None:
        stopping.set()
        loop.remove_signal_handler(signal.SIGINT)

    loop.add_signal_handler(signal.SIGINT, stop)
    try:
        await again.run(slots, stopping)
    finally:
        loop.remove_signal_handler(signal.SIGINT)
