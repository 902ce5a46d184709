"""A forecast, as lines for people."""

from __future__ import annotations

import math

from collections.abc import Iterator

from shadowmon.console.plain import plain
from shadowmon.daemon.forecast import PROMOTE_AT, Asked, AtTruth, Rung, TrialForecast
from shadowmon.policy.rules import Kind
from shadowmon.policy.sentences import limit, percent, where
from shadowmon.records import EVERYTHING, Claim, Side


_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86_400.0
_MANY_DAYS = 3.0

_LOST = {0.0: "no loss", 0.25: "a quarter of the limit", 0.5: "half of the limit"}
_TRIPWIRES = {
    Kind.TRIPWIRE: "and a single one, proof or not, takes all of its traffic away",
    Kind.TRIPWIRE_HOLD: "and a single one, proof or not, stops its climb",
}
_RATHER = 2.0
"""Times its limit: where a red line is asked whether it would be noticed in time."""


def lines(found: TrialForecast, *, days: float) -> Iterator[str]:
    """Write a forecast out; pure."""
    plan, has_rate = found.plan, found.assumed.requests_per_second is not None
    yield (
        f"trial {plain(plan.trial_id)}: {plain(plan.optimized)} against {plain(plan.baseline)}, "
        f"{plan.task}, judged by {plain(plan.primary)} ({plain(plan.truth)})"
    )
    yield f"assumed: {_assumptions(found)}"
    yield ""
    yield "to climb, all of this must be proven; pairs (in nine of ten trials), time:"
    for asked in found.promote:
        yield from _asked(asked, has_rate=has_rate)
    yield ""
    yield "stage by stage, since the beginning, at the median (in nine of ten trials);"
    yield f"a loss is one of {plain(plan.primary)} alone, and all else (errors too) loses nothing:"
    yield from map(_rung, found.rungs)
    yield ""
    yield "to be rolled back:"
    for asked in found.roll_back:
        yield from _asked(asked, has_rate=has_rate)
    yield ""
    yield from _safety(found)
    yield ""
    yield from cannot(found, days=days)


def _assumptions(found: TrialForecast) -> str:
    assumed, bets = found.assumed, found.plan.evidence
    noise = bets.assumed_noise if assumed.noise is None else assumed.noise
    rate = assumed.requests_per_second
    traffic = "traffic unknown (--rate)" if rate is None else f"{rate:g} requests a second"
    accuracy = 0.9 if assumed.accuracy is None else assumed.accuracy
    errors = 0.01 if assumed.error_rate is None else assumed.error_rate
    weakened = bets.dependence.temper_at_least
    weaker = f"; every proof of quality is weakened {weakened:g} times" if weakened > 1 else ""
    return (
        f"{traffic}, the baseline right in {percent(accuracy)} and failing in {percent(errors)}, "
        f"only one of the two right by chance in {percent(noise)}{weaker}"
    )


def _asked(asked: Asked, *, has_rate: bool) -> Iterator[str]:
    claim = asked.rule.claim
    side = "above" if claim.side is Side.WORSE else "below"
    each = "" if asked.rule.scope.value == "epoch" else ", anew in each stage"
    yield f"  {plain(asked.rule.name)}: {plain(where(claim))} {side} {limit(claim)}{each}"
    for at in asked.at:
        time = _time(at, claim, has_rate=has_rate)
        yield f"    {_truth(at, claim):<36} {_pairs(at):<28} {time}".rstrip()


def _truth(at: AtTruth, claim: Claim) -> str:
    if at.multiple is None:
        return f"at a loss of {percent(at.truth)}"
    if at.multiple in _LOST:
        return f"at {_LOST[at.multiple]}" + (f" ({percent(at.truth)})" if at.truth else "")
    return f"at {at.multiple:g} times the limit ({percent(min(at.truth, _most(claim)))})"


def _most(claim: Claim) -> float:
    return math.inf if claim.contrast.value == "relative_rise" else 1.0


def _pairs(at: AtTruth) -> str:
    if not at.pairs.is_possible:
        return "never"
    return f"{math.ceil(at.pairs.median):,} ({math.ceil(at.pairs.q90):,}) pairs"


def _time(at: AtTruth, claim: Claim, *, has_rate: bool) -> str:
    if not at.pairs.is_possible:
        return ""
    if at.median_seconds is None or at.q90_seconds is None:
        if claim.slice == EVERYTHING:
            return ""
        rate = "" if has_rate else "--rate and "
        return f"time unknown: give {rate}--share {plain(claim.slice)}=…"
    return f"{duration(at.median_seconds)} ({duration(at.q90_seconds)})"


def _rung(rung: Rung) -> str:
    stage = rung.stage
    times = []
    for multiple, after in zip(PROMOTE_AT, rung.after_seconds, strict=True):
        words = "unknown" if after is None else f"{duration(after[0])} ({duration(after[1])})"
        times.append(f"{_LOST[multiple]}: {words}")
    if not any(rung.after_seconds):
        times = ["time unknown"]
    least = f"at least {stage.min_pairs} pairs and {duration(stage.min_dwell_seconds)}"
    return (
        f"  {plain(stage.name)} -> {plain(rung.to.name)}: {'; '.join(times)} "
        f"({least}; longest is {plain(rung.by)})"
    )


def _safety(found: TrialForecast) -> Iterator[str]:
    yield "safety: pairs without a violation that certify a rise of violations below"
    yield "  " + ", ".join(f"{100 * limit:g} %: {pairs:,}" for limit, pairs in found.violation_free)
    if found.violations:
        yield "safety: violations of the optimized model alone that prove a rise, where the"
        yield "  baseline alone has " + ", ".join(
            f"{baseline}: {optimized}" for baseline, optimized in found.violations
        )
    if found.tripwire:
        yield f"  {_TRIPWIRES[found.tripwire]}"


def cannot(found: TrialForecast, *, days: float) -> Iterator[str]:
    """Say, in sentences, what this traffic cannot prove in so many days."""
    late = [
        *(_too_late(asked, asked.at[0], days) for asked in found.promote),
        *(_too_late(asked, _at(asked, _RATHER), days) for asked in found.roll_back),
    ]
    told = [sentence for sentence in late if sentence]
    if told:
        yield f"What your traffic cannot prove in {days:g} days:"
        yield from (f"  {sentence}" for sentence in told)
        yield "  Sample more of it, widen the limit, or know that it is not covered."
    unknown = sorted(
        {
            asked.rule.claim.slice
            for asked in (*found.promote, *found.roll_back)
            if asked.pairs_per_second is None and asked.rule.claim.slice != EVERYTHING
        }
    )
    if found.assumed.requests_per_second is None:
        yield "How long any of this takes is not known without your traffic: give --rate."
    elif unknown:
        names = ", ".join(map(plain, unknown))
        yield f"Not known: the share of {names} in your traffic: give --share {names}=0.03."
    elif not told:
        yield f"Your traffic can prove all of this in {days:g} days."


def _at(asked: Asked, multiple: float) -> AtTruth:
    return next(at for at in asked.at if at.multiple == multiple)


def _too_late(asked: Asked, at: AtTruth, days: float) -> str:
    seconds = at.median_seconds
    if at.pairs.is_possible and (seconds is None or seconds <= days * _DAY):
        return ""
    claim = asked.rule.claim
    side = "above" if claim.side is Side.WORSE else "below"
    takes = "can never be proven"
    if at.pairs.is_possible and seconds is not None:
        takes = f"takes {math.ceil(at.pairs.median):,} pairs, {duration(seconds)}"
    return (
        f"{plain(asked.rule.name)}: that {plain(where(claim))} is {side} {limit(claim)}, "
        f"{_truth(at, claim)}, {takes}."
    )


def duration(seconds: float) -> str:
    """Write a time for people: "40 s", "12 min", "7.5 h", "12 days", "never"."""
    if math.isinf(seconds):
        return "never"
    for unit, size, until in (
        ("s", 1.0, 2 * _MINUTE),
        ("min", _MINUTE, 2 * _HOUR),
        ("h", _HOUR, _MANY_DAYS * _DAY),
    ):
        if seconds < until:
            digits = 1 if unit == "h" and seconds < 10 * _HOUR else 0
            return f"{seconds / size:.{digits}f} {unit}"
    return f"{seconds / _DAY:,.0f} days"
