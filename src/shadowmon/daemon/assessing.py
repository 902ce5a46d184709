"""
Assessors at work: which of them each trial has, and one deadline over all that they do.

An assessor that raises, or is not done in time, is unavailable: counted, logged, and never held
against a model.
"""

from __future__ import annotations

import asyncio

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from types import TracebackType
from typing import Self

import structlog

from shadowmon.assessors.assessor import Assessor
from shadowmon.clock import Clock
from shadowmon.config.measures import assessors_of
from shadowmon.config.settings import Settings
from shadowmon.daemon import build
from shadowmon.daemon.whereabouts import whereabouts
from shadowmon.records import Assessment, Pair, TrialId
from shadowmon.telemetry.tallies import Tallies


log = structlog.get_logger()

FOUND, MISSING = "found", "missing"
DEADLINE, FAILED = "deadline", "failed"

_OF_DIVERGENCE = frozenset(("semantic", "symbolic_math"))
"""Those that say how far apart two answers are, which has a noise floor."""


class Assessing:
    """All assessors of one scoring worker. `async with` opens and closes them."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        tallies: Tallies,
    ) -> None:
        self._deadline_seconds = settings.assessors.deadline_seconds
        self._slots = asyncio.Semaphore(settings.assessors.in_flight_max)
        self._tallies = tallies
        wanted = {
            TrialId(name): assessors_of(settings, trial) for name, trial in settings.trials.items()
        }
        self._assessors = {
            name: build.assessor(name, settings, clock)
            for name in dict.fromkeys(name for names in wanted.values() for name in names)
        }
        self._of = {
            trial: [self._assessors[name] for name in names] for trial, names in wanted.items()
        }
        self._of_twins = {
            trial: [self._assessors[name] for name in names if name in _OF_DIVERGENCE]
            for trial, names in wanted.items()
        }
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """
        Open every assessor.

        Raises:
            ConfigError: If one of them cannot be used at all, as when its extra is not installed.

        """
        async with AsyncExitStack() as opening:
            for assessor in self._assessors.values():
                await opening.enter_async_context(assessor)
            self._open = opening.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close them."""
        await self._open.__aexit__(kind, error, trace)

    async def assess(self, pair: Pair) -> Pair:
        """Return the pair with all that its trial's assessors found of it."""
        return await self._with(pair, self._of.get(pair.trial_id, ()), count=True)

    async def assess_twin(self, twin: Pair) -> Pair:
        """Do the same for a baseline held against itself, as far as a noise floor needs it."""
        return await self._with(twin, self._of_twins.get(twin.trial_id, ()), count=False)

    async def _with(self, pair: Pair, assessors: Sequence[Assessor], *, count: bool) -> Pair:
        if not assessors:
            return pair
        found: dict[str, Assessment] = {}
        for each in await asyncio.gather(*(self._ask(assessor, pair) for assessor in assessors)):
            found |= each
        if count:
            for metric, assessment in found.items():
                self._tallies.add("assessments_total", pair.trial_id, metric, _fate(assessment))
        return replace(pair, assessments=found)

    async def _ask(self, assessor: Assessor, pair: Pair) -> Mapping[str, Assessment]:
        try:
            async with asyncio.timeout(self._deadline_seconds), self._slots:
                return await assessor.assess(pair)
        except TimeoutError:
            return _unavailable(assessor.metrics, DEADLINE)
        except Exception as error:  # noqa: BLE001 - whatever an assessor may raise
            # Where, and not what: an error's own text may quote an answer.
            place = whereabouts(error)
            log.error("assessors.assessor_failed", metrics=assessor.metrics, error=place)  # noqa: TRY400
            return _unavailable(assessor.metrics, FAILED)


def _unavailable(metrics: Iterable[str], why: str) -> dict[str, Assessment]:
    return {metric: Assessment(unavailable=why) for metric in metrics}


def _fate(assessment: Assessment) -> str:
    if assessment.unavailable:
        return assessment.unavailable
    return MISSING if assessment.missing else FOUND
