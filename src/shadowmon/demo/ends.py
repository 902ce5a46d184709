"""How the story must end, whatever the numbers in between; no I/O."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shadowmon.demo import journal
from shadowmon.demo.configuration import STAGES
from shadowmon.demo.journal import Line
from shadowmon.demo.load import Asked, Ended
from shadowmon.demo.seen import STANDARD_ERRORS, Seen


HELD = "int8"
"""The model that is as good as the baseline, until its server loads other weights."""
BROKEN = "int2"
"""The model that is not, and whose weights the other's server loads in the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """The last act: when the server of `HELD` had other weights, and when it had no traffic."""

    at: float
    """Seconds since 1970."""
    taken_back_at: float | None = None
    """When the daemon had taken all traffic away; None if it did not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Harm:
    """What users bore between the swap and the roll-back."""

    asked: int
    wrong: int
    seconds: float


def harm(swap: Swap, asked: Sequence[Asked]) -> Harm | None:
    """Count what the swapped model answered; None if it was never taken back."""
    if swap.taken_back_at is None:
        return None
    got = [each for each in asked if each.sent_at >= swap.at and each.version == HELD]
    wrong = sum(not each.correct for each in got)
    return Harm(asked=len(got), wrong=wrong, seconds=swap.taken_back_at - swap.at)


def complaints(
    lines: Sequence[Line], seen: Sequence[Seen], ended: Ended, swap: Swap | None
) -> list[str]:
    """Return a sentence for everything that did not end as it must; empty if all did."""
    return [
        *_int8_ends(lines, swap),
        *_int2_ends(lines),
        *_stages_counted(seen),
        *_weights_kept(seen),
        *_users_served(ended),
    ]


def _int8_ends(lines: Sequence[Line], swap: Swap | None) -> Iterator[str]:
    if journal.weight_reached(lines, HELD, 1.0) is None:
        yield f"{HELD} never had all of the traffic"
    elif swap is None:
        yield f"{HELD} had all of the traffic, but its server was never given other weights"
    elif swap.taken_back_at is None:
        yield f"{HELD} answered with other weights, and the traffic was not taken back"


def _int2_ends(lines: Sequence[Line]) -> Iterator[str]:
    dropped = rolled_back(lines, BROKEN)
    if dropped is None:
        yield f"{BROKEN} was never rolled back"
        return
    verdict = journal.verdict_before(lines, dropped)
    grade = verdict.data.get("grade") if verdict else None
    if grade != "red_line":
        yield f"{BROKEN} was rolled back on {grade}, not on a red line"
    if any(line.data["weight"] for line in _weights(lines, BROKEN)):
        yield f"{BROKEN} answered users"


def rolled_back(lines: Sequence[Line], trial: str) -> Line | None:
    """Return the line that says this trial was rolled back; the last if there are several."""
    drops = [
        line
        for line in journal.of(lines, trial)
        if line.kind == "stage_entered" and line.data.get("move") == "drop"
    ]
    return drops[-1] if drops else None


def _weights(lines: Sequence[Line], trial: str) -> list[Line]:
    return [line for line in journal.of(lines, trial) if line.kind == "weight_applied"]


def _stages_counted(seen: Sequence[Seen]) -> Iterator[str]:
    """Every stage that int8 must go through was long enough to be counted."""
    counted = {
        round(each.window.weight * 100)
        for each in seen
        if each.window.trial == HELD and each.is_judged
    }
    for percent in sorted(STAGES.keys() - counted):
        yield f"too few users came by while {HELD} had {percent}% to say what they got"


def _weights_kept(seen: Sequence[Seen]) -> Iterator[str]:
    for each in seen:
        if not each.holds:
            yield (
                f"{each.window.trial} should have answered {each.window.weight:.0%} and answered "
                f"{each.share:.2%} of {each.asked} requests: more than {STANDARD_ERRORS:g} "
                f"standard errors of {each.standard_error:.2%} away"
            )


def _users_served(ended: Ended) -> Iterator[str]:
    if ended.errors:
        yield f"{ended.errors} of {ended.asked} users got an error"
    if ended.labels_lost:
        yield f"{ended.labels_lost} labels could not be posted"
