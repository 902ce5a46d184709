"""
The state table drawn and written out, for people (docs/rollout.md).

Rule: where a row leads is written nowhere. It is found by walking the row with the machine itself,
from every rung of small ladders and through every course of phases; so a drawing cannot say what
the machine does not do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from shadowmon.records import (
    ALL_TRAFFIC,
    NO_TRAFFIC,
    Decision,
    Operation,
    Phase,
    RolloutState,
    Stage,
    StageName,
    TrialId,
    Weight,
)
from shadowmon.rollout.course import Course, Facts
from shadowmon.rollout.ladder import IN_SHADOW, Ladder
from shadowmon.rollout.machine import begin, step
from shadowmon.rollout.transitions import ASKED, DECIDED, PAUSES, Move, Trigger


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the table, and every phase that it may lead to."""

    phase: Phase
    trigger: Trigger
    move: Move
    leads_to: tuple[Phase, ...]
    """In the order of the phases; the row's own phase if it changes none."""


_DECIDED: Mapping[Decision, str] = {
    Decision.PROMOTE: "promote",
    Decision.STEP_DOWN: "step down",
    Decision.ROLL_BACK: "roll back",
}
_ASKED: Mapping[Operation, str] = {
    Operation.APPROVE: "a person approves",
    Operation.ROLL_BACK: "a person rolls back",
    Operation.RE_ARM: "a person re-arms",
    Operation.PAUSE: "a person pauses",
    Operation.RESUME: "a person resumes",
}

_DOES: Mapping[Move, str] = {
    Move.ADVANCE: "goes on to the next phase; no weight is moved",
    Move.APPROVE: "remembers that the next stage may be climbed to",
    Move.CLIMB: "one stage up",
    Move.STEP_DOWN: "one stage down, and a cooldown",
    Move.DROP: "all weight away, at once",
    Move.RE_ARM: "back to the first phase, in a new epoch",
}

_GATES = (Phase.BENCHMARK, Phase.SIDE_BY_SIDE)
_RUNGS_MOST = 3
"""Two stages that are not the last one: enough to meet every kind of neighbour."""
_THEN = datetime(2000, 1, 1, tzinfo=UTC)
"""Any moment does: nothing here waits."""


def rows() -> tuple[Row, ...]:
    """Return every row of the table, with where it leads."""
    found = [
        *(_row(phase, trigger, move) for (phase, trigger), move in DECIDED.items()),
        *(_row(phase, trigger, move) for (phase, trigger), move in ASKED.items()),
    ]
    return tuple(sorted(found, key=lambda row: list(Phase).index(row.phase)))


def mermaid() -> str:
    """Return the table as a Mermaid state diagram: an arrow for each two phases, its triggers."""
    arrows: dict[tuple[str, str], list[str]] = {
        ("[*]", course.phases[0].value): [] for course in _courses(asks=False)
    }
    for row in rows():
        for target in row.leads_to:
            arrows.setdefault((row.phase.value, target.value), []).append(in_words(row.trigger))
    lines = [
        f"    {source} --> {target}" + (f" : {', '.join(words)}" if words else "")
        for (source, target), words in arrows.items()
    ]
    return "\n".join(["stateDiagram-v2", *lines])


def table() -> str:
    """Return the table as Markdown: a line for each row, and for each of being paused."""
    lines = ["| phase | when | what it does | leads to |", "|---|---|---|---|"]
    lines += [
        f"| {_plain(row.phase)} | {in_words(row.trigger)} | {_DOES[row.move]} "
        f"| {', '.join(map(_plain, row.leads_to))} |"
        for row in rows()
    ]
    lines += [
        f"| any, {'' if paused else 'not '}paused | {in_words(trigger)} "
        f"| {'nothing climbs' if after else 'climbs again'} | the same, {_paused(after)} |"
        for (paused, trigger), after in PAUSES.items()
    ]
    return "\n".join(lines)


def in_words(trigger: Trigger) -> str:
    """Say what evidence, or a gate, decided; or what a person asked for."""
    return _DECIDED[trigger] if isinstance(trigger, Decision) else _ASKED[trigger]


def _row(phase: Phase, trigger: Trigger, move: Move) -> Row:
    return Row(phase=phase, trigger=trigger, move=move, leads_to=_leads_to(phase, trigger))


def _leads_to(phase: Phase, trigger: Trigger) -> tuple[Phase, ...]:
    found = set()
    facts = Facts(now=_THEN)
    for course in _courses(asks=trigger is Operation.APPROVE):
        for state in _standing(phase, course):
            after = step(state, trigger, course=course, facts=facts)
            if after.move is not None:
                found.add(after.state.phase)
    return tuple(each for each in Phase if each in found)


def _courses(*, asks: bool) -> Iterator[Course]:
    """Return courses with each choice of phases, over ladders of one rung and more."""
    chosen = [(*_GATES, Phase.SHADOWING), (_GATES[0], Phase.SHADOWING)]
    chosen += [(_GATES[1], Phase.SHADOWING), (Phase.SHADOWING,)]
    for phases in chosen:
        for rungs in range(1, _RUNGS_MOST + 1):
            below = tuple(_stage(Weight(number), asks=asks) for number in range(1, rungs))
            ladder = Ladder(
                shadow=_stage(NO_TRAFFIC, asks=False),
                stages=(*below, _stage(ALL_TRAFFIC, asks=asks)),
            )
            yield Course(ladder=ladder, cooldown_seconds=0, phases=phases)


def _standing(phase: Phase, course: Course) -> Iterator[RolloutState]:
    """Return every place on the ladder that a rollout of this course may have in a phase."""
    if phase in _GATES and phase not in course.phases:
        return
    last = len(course.ladder.stages) - 1
    indices: Mapping[Phase, range] = {
        Phase.PROGRESSING: range(last),
        Phase.PROMOTED: range(last, last + 1),
    }
    for index in indices.get(phase, range(IN_SHADOW, IN_SHADOW + 1)):
        weight = course.ladder.weight(index)
        yield replace(
            begin(TrialId("any"), now=_THEN, phase=phase),
            stage_index=index,
            desired_weight=weight,
            applied_weight=weight,
        )


def _stage(weight: Weight, *, asks: bool) -> Stage:
    return Stage(
        name=StageName(str(weight)),
        weight=weight,
        min_pairs=0,
        min_dwell_seconds=0,
        needs_approval=asks,
    )


def _plain(phase: Phase) -> str:
    return phase.value.replace("_", " ")


def _paused(paused: bool) -> str:
    return "paused" if paused else "not paused"
