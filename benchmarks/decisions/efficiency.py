"""
How many requests until a true claim is proven, beside the fewest that any such test can need?

Twenty cases: four laws, and a true loss of 0, 1/2, 3/2, 2 and 5 times the limit. Below the limit a
promotion is waited for, above it a roll-back. Three ways to lay the bets: for the noise that the
law really has, for nothing in particular (every bet has the same share), and as the settings come,
with the restart chain.
"""

from __future__ import annotations

import math

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from numpy.typing import NDArray

from benchmarks.decisions.bound import fewest
from benchmarks.decisions.laws import LAWS, Law
from benchmarks.decisions.stakes import SUBJECTS, Stake, stake, with_even_shares
from benchmarks.decisions.table import NEVER, Effort, Table
from benchmarks.decisions.walk import Traffic, first_proven
from shadowmon.records import Side


SEED = 20_260_102
LIMIT = 0.01
ALPHA = 0.05
MULTIPLES = (0.0, 0.5, 1.5, 2.0, 5.0)
LONGEST = 60
"""A stream is given up after so many times the bound; none should be."""

FLOOR = math.ceil(math.log(ALPHA) / math.log(1 - LIMIT))
"""Identical answers only: before 299 no test at 5 % may say that fewer than 1 % differ."""

GEOMETRIC, WORST, WORST_UNDECLARED = 1.30, 1.50, 1.90


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One law and one true loss."""

    name: str
    law_of: Callable[[float], Law]
    multiple: float

    @property
    def side(self) -> Side:
        """Return what there is to prove."""
        return Side.BETTER if self.multiple < 1 else Side.WORSE

    @property
    def law(self) -> Law:
        """Return the truth."""
        return self.law_of(self.multiple * LIMIT)

    @property
    def fewest(self) -> float:
        """Return the bound."""
        span = SUBJECTS[self.law_of].span
        return fewest(self.law, LIMIT, self.side, span=span, alpha=ALPHA)

    def laid(self, *, noise: float | None, chained: bool = False) -> Stake:
        """Return the product's bets."""
        return stake(SUBJECTS[self.law_of], LIMIT, self.side, noise=noise, chained=chained)


def _declared(case: Case) -> Stake:
    return case.laid(noise=SUBJECTS[case.law_of].declared_noise)


def _undeclared(case: Case) -> Stake:
    return with_even_shares(case.laid(noise=None))


def _as_shipped(case: Case) -> Stake:
    return case.laid(noise=None, chained=case.side is Side.WORSE)


WAYS: dict[str, Callable[[Case], Stake]] = {
    "noise declared": _declared,
    "undeclared": _undeclared,
    "as shipped": _as_shipped,
}


def table(effort: Effort) -> Table:
    """Make the table."""
    streams = effort.pick(100, 4_000)
    made = Table(
        title=f"Mean requests to a decision / the bound; limit {LIMIT:.0%}, alpha = {ALPHA:.0%}",
        columns=("law", "true loss", "decision", "bound", *WAYS, "earliest"),
        seed=SEED,
    )
    cases = [
        Case(name=name, law_of=law_of, multiple=multiple)
        for name, law_of in LAWS.items()
        for multiple in MULTIPLES
    ]
    found = [_times(case, number, streams) for number, case in enumerate(cases)]
    for case, times in zip(cases, found, strict=True):
        made.add(
            case.name,
            f"{case.multiple:g} x limit",
            "promote" if case.side is Side.BETTER else "roll back",
            f"{case.fewest:.0f}",
            *(_ratio(each, case.fewest) for each in times.values()),
            str(min(int(each.min()) for each in times.values())),
            n=streams,
        )
    _check(made, cases, found)
    return made


def _times(case: Case, number: int, streams: int) -> dict[str, NDArray[np.int64]]:
    longest = math.ceil(LONGEST * case.fewest)
    return {
        way: first_proven(
            lay(case),
            [Traffic(law=case.law, pairs=longest)],
            alpha=ALPHA,
            streams=streams,
            generator=np.random.default_rng([SEED, number]),
        )
        for way, lay in WAYS.items()
    }


def _ratio(times: NDArray[np.int64], bound: float) -> str:
    ratios = times / bound
    return f"{ratios.mean():.2f} ± {ratios.std() / math.sqrt(ratios.size):.2f}"


def _check(
    made: Table, cases: Sequence[Case], found: Sequence[dict[str, NDArray[np.int64]]]
) -> None:
    ratios, errors = (
        {
            way: [of(times[way]) / case.fewest for case, times in zip(cases, found, strict=True)]
            for way in WAYS
        }
        for of in (_mean, _standard_error)
    )
    _check_geometric_mean(made, ratios["noise declared"], errors["noise declared"])
    for way, limit in (("noise declared", WORST), ("undeclared", WORST_UNDECLARED)):
        worst = int(np.argmax(ratios[way]))
        made.check(
            f"{way}: worst {ratios[way][worst]:.2f} ({cases[worst].name}, "
            f"{cases[worst].multiple:g} x limit), at most {limit} within 3 SE",
            holds=ratios[way][worst] <= limit + 3 * errors[way][worst],
        )
    undeclared, shipped = (ratios[way] for way in ("undeclared", "as shipped"))
    made.check(
        f"undeclared: geometric mean {_geometric(undeclared):.2f}; as shipped, with the chain: "
        f"{_geometric(shipped):.2f}, worst {max(shipped):.2f}; every stream decided",
        holds=all((times < NEVER).all() for each in found for times in each.values()),
    )
    earliest = min(
        int(times.min())
        for case, each in zip(cases, found, strict=True)
        if case.name == "agree or not" and case.side is Side.BETTER
        for times in each.values()
    )
    made.check(
        f"no promotion before {FLOOR} requests on answers that agree or not: {earliest} or later",
        holds=earliest >= FLOOR,
    )


def _check_geometric_mean(made: Table, ratios: Sequence[float], errors: Sequence[float]) -> None:
    relative = [error / ratio for error, ratio in zip(errors, ratios, strict=True)]
    error = _geometric(ratios) * math.hypot(*relative) / len(ratios)
    made.check(
        f"noise declared: geometric mean {_geometric(ratios):.2f} ± {error:.2f}, at most "
        f"{GEOMETRIC} within 3 SE",
        holds=_geometric(ratios) <= GEOMETRIC + 3 * error,
    )


def _mean(times: NDArray[np.int64]) -> float:
    return float(times.mean())


def _standard_error(times: NDArray[np.int64]) -> float:
    return float(times.std()) / math.sqrt(times.size)


def _geometric(ratios: Sequence[float]) -> float:
    return math.exp(sum(map(math.log, ratios)) / len(ratios))
