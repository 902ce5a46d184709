"""
The same traffic, decided by shadowmon and by what people use today.

Baseline is right in 90 %; in 3 % of pairs only one of the two models is. 100 requests a minute, for
at most 500 minutes. A loss of 0.02 is acceptable, 0.05 is the red line (of accuracy, absolute);
worse than 1.5 times acceptable is rejected. So it is right to promote below 0.02, to take all
weight away above 0.03, and wrong to promote from 0.02 on. Peers see a point a minute: passing is an
accuracy of at least 0.85, baseline's less the red line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from numpy.typing import NDArray

from benchmarks.decisions.laws import FLIPS, Law, flips
from benchmarks.decisions.peers import argo, diffy, fixed, flagger, kayenta
from benchmarks.decisions.peers.decided import Decided, Flags, Times, first
from benchmarks.decisions.stakes import PAIRED, stake
from benchmarks.decisions.table import NEVER, Effort, Table, at_most, median, percent
from benchmarks.decisions.walk import Walk
from shadowmon.records import Side


SEED = 20_260_103
ALPHA = 0.05
ACCEPTABLE, REJECT, RED_LINE = 0.02, 0.03, 0.05
GOOD = 0.9
PER_MINUTE = 100
PASSING = round(PER_MINUTE * (GOOD - RED_LINE))
LOSSES = (0.0, 0.01, 0.02, 0.035, 0.05, 0.075, 0.10, 0.25)
JUDGED_EVERY = 50
"""Minutes between two looks of Kayenta's judge; its makers advise 50 points or more."""

OURS = "shadowmon"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Streams:
    """What happened, (streams, requests)."""

    law: Law
    drawn: NDArray[np.int8]
    baseline: NDArray[np.int64]
    """Right answers of the baseline in each minute."""
    optimized: NDArray[np.int64]

    @property
    def passes(self) -> Flags:
        """Return whether the optimized model alone passes the check of each minute."""
        return self.optimized >= PASSING


def table(effort: Effort) -> Table:
    """Make the table."""
    streams, minutes = effort.pick((100, 200), (400, 500))
    made = Table(
        title=f"The same streams, decided by different rules; alpha = {ALPHA:.0%}, "
        f"at most {minutes * PER_MINUTE:,} requests",
        columns=("true loss", "rule", "promotes", "takes all weight away", "requests, median"),
        seed=SEED,
    )
    for loss in LOSSES:
        generator = np.random.default_rng([SEED, round(1000 * loss)])
        seen = _streams(loss, streams, minutes, generator)
        for name, rule in RULES.items():
            decided = rule(seen)
            made.add(
                f"{loss:g}",
                name,
                percent(decided.promotes),
                percent(decided.takes),
                median(decided.times),
                n=streams,
            )
            if name == OURS:
                _check(made, loss, decided)
    _left_running(made, streams, minutes)
    return made


def _streams(loss: float, streams: int, minutes: int, generator: np.random.Generator) -> Streams:
    law = flips(loss)
    drawn = law.draw(generator, (streams, minutes * PER_MINUTE)).astype(np.int8)
    only_optimized, same, only_baseline = (drawn == number for number in range(3))
    # Of the pairs with the same verdict so many are right that baseline is right in 90 %.
    both = (GOOD - law.chances[2]) / law.chances[1]
    right = same & (generator.random(drawn.shape) < both)
    per_minute = (streams, minutes, PER_MINUTE)
    return Streams(
        law=law,
        drawn=drawn,
        baseline=(right | only_baseline).reshape(per_minute).sum(axis=2),
        optimized=(right | only_optimized).reshape(per_minute).sum(axis=2),
    )


# --- Rules -----------------------------------------------------------------


def shadowmon(seen: Streams) -> Decided:
    """Promote on E_dn(acceptable); take away on the average of reject and red line, chained."""
    streams, requests = seen.drawn.shape
    better = Walk(stake(PAIRED, ACCEPTABLE, Side.BETTER), streams)
    worse = [
        Walk(stake(PAIRED, limit, Side.WORSE, chained=True), streams)
        for limit in (REJECT, RED_LINE)
    ]
    promoted, taken = (np.full(streams, NEVER) for _ in range(2))
    for number in range(requests):
        one = seen.drawn[:, number]
        proven = better.step(seen.law, one) >= 1 / ALPHA
        np.minimum(promoted, number + 1, out=promoted, where=proven)
        average = sum(walk.step(seen.law, one) for walk in worse) / len(worse)
        np.minimum(taken, number + 1, out=taken, where=average >= 1 / ALPHA)
        if number % PER_MINUTE == 0:
            decided = (promoted < NEVER) | (taken < NEVER)
            if decided.all():
                break
            for walk in (better, *worse):
                walk.end(decided)
    return Decided(promoted=promoted, taken=taken)


def _kayenta(seen: Streams, *, allowed_decrease: float) -> Decided:
    """Take away at the first look that finds Low; promote if the analysis ends without one."""
    streams, minutes = seen.baseline.shape
    taken = np.full(streams, NEVER)
    for stream in range(streams):
        for look in range(JUDGED_EVERY, minutes + 1, JUDGED_EVERY):
            control, experiment = (
                arm[stream, :look] / PER_MINUTE for arm in (seen.baseline, seen.optimized)
            )
            label = kayenta.classify(control, experiment, allowed_decrease=allowed_decrease)
            if label is kayenta.Label.LOW:
                taken[stream] = look * PER_MINUTE
                break
    ended = np.where(taken < NEVER, NEVER, minutes * PER_MINUTE)
    return Decided(promoted=ended, taken=taken)


def _z_test(seen: Streams) -> Decided:
    losses = seen.law.losses[seen.drawn]
    return Decided(
        promoted=fixed.t_test(losses, ACCEPTABLE, Side.BETTER, alpha=ALPHA, from_pair=PER_MINUTE),
        taken=fixed.t_test(losses, RED_LINE, Side.WORSE, alpha=ALPHA, from_pair=PER_MINUTE),
    )


RULES: dict[str, Callable[[Streams], Decided]] = {
    OURS: shadowmon,
    "Flagger, 10 passed / 10 failed": lambda seen: flagger.race(
        seen.passes, requests_per_check=PER_MINUTE
    ),
    "Argo, 10 checks, failureLimit 3": lambda seen: argo.analysis(
        seen.passes, failure_limit=3, requests_per_check=PER_MINUTE
    ),
    "Kayenta, as it comes": lambda seen: _kayenta(seen, allowed_decrease=1.0),
    "Kayenta, allowedDecrease = red line": lambda seen: _kayenta(
        seen, allowed_decrease=1 - RED_LINE / GOOD
    ),
    "paired t-test at every request": _z_test,
}


# --- Left running on an identical model ------------------------------------


def _left_running(made: Table, streams: int, minutes: int) -> None:
    generator = np.random.default_rng([SEED, 1])
    seen = _streams(0.0, streams, minutes, generator)
    counted = flagger.failure_counter(seen.passes, requests_per_check=PER_MINUTE)
    _add_alarm(made, "Flagger's failure counter, left running", counted)
    strict = argo.analysis(seen.passes, requests_per_check=PER_MINUTE)
    _add_alarm(made, "Argo, 10 checks, failureLimit 0 (default)", strict.taken)
    for noise in (0.005, FLIPS, 0.10):
        raw, floor = (
            (generator.random((streams, 20_000)) < noise).cumsum(axis=1) for _ in range(2)
        )
        flags = diffy.is_flagged(raw, floor, np.arange(1, raw.shape[1] + 1))
        for begin in (1, 1_000):
            flags[:, : begin - 1] = False
            name = f"Diffy's filter, {noise:.1%} noise, from request {begin:,} to 20,000"
            _add_alarm(made, name, first(flags))


def _add_alarm(made: Table, name: str, alarm: Times) -> None:
    made.add("0", name, "-", percent(alarm < NEVER), median(alarm), n=alarm.size)


def _check(made: Table, loss: float, decided: Decided) -> None:
    promoted, taken = float(decided.promotes.mean()), float(decided.takes.mean())
    bound = at_most(ALPHA, decided.promotes.size)
    if loss >= ACCEPTABLE:
        made.check(
            f"{OURS} promotes at a loss of {loss:g} in {promoted:.1%}, at most alpha",
            holds=promoted <= bound,
        )
    if loss <= REJECT:
        made.check(
            f"{OURS} takes all weight away at a loss of {loss:g} in {taken:.1%}, at most alpha",
            holds=taken <= bound,
        )
    if loss < ACCEPTABLE:
        made.check(f"{OURS} promotes at {loss:g}: {promoted:.1%}", holds=promoted >= 0.95)
    if loss > REJECT:
        # Just beyond the line of rejection most, not all, are found within the quick streams.
        enough = 0.95 if loss >= RED_LINE else 0.5
        made.check(f"{OURS} takes away at {loss:g}: {taken:.1%}", holds=taken >= enough)
