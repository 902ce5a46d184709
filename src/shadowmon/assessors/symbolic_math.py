"""
Are two final answers equal, where that is not seen at sight? Asked of an algebra system.

Only formulas are tried: two numbers, and phrases, are compared by the scorer (scoring/mathematics).
What a proof came to is kept, by the two formulas: models repeat themselves, and one that hangs the
prover shall not do it twice.

| what came of it | the assessment |
|---|---|
| proven equal | distance 0 |
| not proven equal, or not readable as a formula | distance 1 |
| too slow, too large, or the prover died, or was busy with such ones | missing |
| no prover could be started | unavailable |

While there is no prover, every pair whose baseline answered a formula is unavailable, even where
the answers are written alike: only pairs that look different would be left out otherwise.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from importlib.util import find_spec
from types import TracebackType
from typing import Self

from shadowmon.assessors.settings import SymbolicMathSettings
from shadowmon.assessors.symbolic_math_link import KEY
from shadowmon.assessors.symbolic_math_pool import ProverPool
from shadowmon.assessors.symbolic_math_process import Finding
from shadowmon.clock import Clock
from shadowmon.errors import Complaint, ConfigError
from shadowmon.records import Assessment, Pair, Reply
from shadowmon.scoring.mathematics.equality import same_at_sight
from shadowmon.scoring.mathematics.final_answer import final_answer
from shadowmon.scoring.mathematics.formula import is_formula
from shadowmon.scoring.mathematics.number import number
from shadowmon.scoring.mathematics.scorer import ANSWERS_DIFFER, told
from shadowmon.scoring.readable import readable


CACHE_MAX = 4096
"""Pairs of formulas whose finding is kept."""

_DISTANCES = {Finding.EQUAL: 0.0, Finding.DIFFERENT: 1.0}
_UNAVAILABLE = Assessment(unavailable="prover")


class SymbolicMathAssessor:
    """See `Assessor`."""

    metrics: tuple[str, ...] = (ANSWERS_DIFFER,)

    def __init__(self, settings: SymbolicMathSettings, clock: Clock) -> None:
        """
        Prepare the provers; none is started yet.

        Raises:
            ConfigError: If the extra `math` is not installed.

        """
        if find_spec("math_verify") is None:
            problem = "math-verify is not installed"
            hint = "install the extra: pip install 'shadowmon[math]'"
            raise ConfigError(Complaint(key=KEY, problem=problem, hint=hint))
        self._provers = ProverPool(settings, clock)
        self._found: OrderedDict[tuple[str, str], Finding] = OrderedDict()

    @property
    def restarts(self) -> int:
        """Processes that a proof, or chance, cost their life; each was replaced."""
        return self._provers.restarts

    @property
    def process_ids(self) -> tuple[int, ...]:
        """Ids of the prover processes that live."""
        return self._provers.process_ids

    async def __aenter__(self) -> Self:
        """
        Start the provers, each of which is tried on formulas that are known.

        Raises:
            ConfigError: If one does not become ready, or does not find what is known.

        """
        await self._provers.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._provers.__aexit__(kind, error, trace)

    async def assess(self, pair: Pair) -> Mapping[str, Assessment]:
        """See `Assessor.assess`."""
        expected, found = _final_answer(pair.baseline), _final_answer(pair.optimized)
        if expected is None:
            return {}
        if not self.process_ids and is_formula(expected) and number(expected) is None:
            await self._provers.prove(expected, expected)  # have one started, when it is time
            if not self.process_ids:
                return {ANSWERS_DIFFER: _UNAVAILABLE}
        if found is None or same_at_sight(expected, found) is not None:
            return {}
        return {ANSWERS_DIFFER: await self._assess(_plain(expected), _plain(found))}

    async def _assess(self, one: str, other: str) -> Assessment:
        key = (one, other) if one <= other else (other, one)
        finding = self._found.get(key) or await self._provers.prove(*key)
        if finding is None:
            return _UNAVAILABLE
        if finding is not Finding.BUSY:
            self._keep(key, finding)
        distance = _DISTANCES.get(finding)
        if distance is None:
            return Assessment(missing=finding.value)
        return Assessment(distance=distance)

    def _keep(self, key: tuple[str, str], finding: Finding) -> None:
        self._found[key] = finding
        self._found.move_to_end(key)
        if len(self._found) > CACHE_MAX:
            self._found.popitem(last=False)


def _final_answer(reply: Reply) -> str | None:
    answer = readable(reply)
    text = None if answer is None else told(answer)
    return None if text is None else final_answer(text)


def _plain(answer: str) -> str:
    """Return an answer as it is sent: a number as a fraction, for `1e3` is read as a product."""
    read = number(answer)
    return (
        answer if read is None else rf"\frac{{{read.value.numerator}}}{{{read.value.denominator}}}"
    )
