"""
Does it take as long as planned?

`evidence/plan.py` forecasts the pairs until a claim is proven, from the bets and an assumed truth.
Here that truth is simulated, and the forecast held against what it took.
"""

from __future__ import annotations

import math

import numpy as np

from benchmarks.decisions.efficiency import LIMIT, MULTIPLES, Case
from benchmarks.decisions.laws import LAWS
from benchmarks.decisions.stakes import SUBJECTS, stake
from benchmarks.decisions.table import NEVER, Effort, Table, median
from benchmarks.decisions.walk import Traffic, first_proven
from shadowmon.evidence.assumed import Law
from shadowmon.evidence.plan import plan_of


SEED = 20_260_110
ALPHAS = (0.05, 0.01)
MEDIAN_RANGE = (0.75, 1.33)
"""Forecast / simulated; the study found 0.79 to 1.27 in 114 cases."""


def table(effort: Effort) -> Table:
    """Make the table."""
    streams = effort.pick(100, 2_000)
    made = Table(
        title=f"Pairs as planned and as simulated, limit {LIMIT:.0%}",
        columns=(
            "law",
            "true loss",
            "alpha",
            "median planned",
            "median simulated",
            "planned / simulated",
            "q90 planned",
            "q90 simulated",
            "q90 planned / simulated",
        ),
        seed=SEED,
    )
    ratios = [
        _row(made, Case(name=name, law_of=law_of, multiple=multiple), alpha, streams, number)
        for number, (name, law_of) in enumerate(LAWS.items())
        for multiple in MULTIPLES
        for alpha in ALPHAS[: effort.pick(1, 2)]
    ]
    low, high = min(ratios), max(ratios)
    slack = 3 * 1.25 / math.sqrt(streams)  # of a median of a law as skewed as this
    made.check(
        f"planned / simulated median is {low:.2f} to {high:.2f}; allowed {MEDIAN_RANGE[0]} to "
        f"{MEDIAN_RANGE[1]} within 3 SE ({slack:.2f})",
        holds=MEDIAN_RANGE[0] - slack <= low and high <= MEDIAN_RANGE[1] + slack,
    )
    return made


def _row(made: Table, case: Case, alpha: float, streams: int, number: int) -> float:
    subject = SUBJECTS[case.law_of]
    laid = stake(subject, LIMIT, case.side, noise=subject.declared_noise)
    forecast = plan_of(
        laid.process,
        Law(deposits=laid.deposits(case.law), chances=case.law.chances),
        math.log(1 / alpha),
    )
    times = first_proven(
        laid,
        [Traffic(law=case.law, pairs=math.ceil(20 * forecast.q90))],
        alpha=alpha,
        streams=streams,
        generator=np.random.default_rng([SEED, number, round(1000 * alpha)]),
    )
    if (times == NEVER).any():
        made.check(f"{case.name}, {case.multiple:g} x limit: every stream decides", holds=False)
    middle, q90 = (float(np.quantile(times, share)) for share in (0.5, 0.9))
    made.add(
        case.name,
        f"{case.multiple:g} x limit",
        f"{alpha:.0%}",
        f"{forecast.median:.0f}",
        median(times),
        f"{forecast.median / middle:.2f}",
        f"{forecast.q90:.0f}",
        f"{q90:.0f}",
        f"{forecast.q90 / q90:.2f}",
        n=streams,
    )
    return forecast.median / middle
