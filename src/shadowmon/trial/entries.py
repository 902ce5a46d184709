"""
What a trial journals, in words: one entry for each thing that happened.

Rule: an entry's `data` is JSON, and holds every number that its sentence speaks of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from shadowmon.policy.sentences import share
from shadowmon.records import (
    Command,
    Entry,
    EntryKind,
    GateReported,
    Notify,
    Operation,
    OperatorAsked,
    Phase,
    Record,
    RolloutState,
    SetWeight,
    Verdict,
)
from shadowmon.rollout.machine import Step
from shadowmon.rollout.transitions import Move
from shadowmon.trial.plan import TrialPlan


def entry(plan: TrialPlan, now: datetime, kind: EntryKind, sentence: str, /, **data: Any) -> Record:  # noqa: ANN401 - any JSON value
    """Return the command to journal something."""
    return Record(
        entry=Entry(at=now, trial_id=plan.trial_id, kind=kind, sentence=sentence, data=data)
    )


def trial_opened(plan: TrialPlan, now: datetime) -> Iterator[Record]:
    """Say what is on trial, and which phases are left out."""
    yield entry(
        plan,
        now,
        EntryKind.TRIAL_OPENED,
        f"{plan.optimized} against {plan.baseline} on route {plan.route}: {plan.task}, "
        f"judged by {plan.primary} ({plan.truth})",
        plan=plan.fingerprint(),
    )
    for phase, why in plan.skipped.items():
        yield entry(plan, now, EntryKind.PHASE_SKIPPED, f"{phase}: {why}", phase=phase.value)


def epoch_opened(plan: TrialPlan, state: RolloutState, now: datetime, why: str) -> Record:
    """Say that evidence begins anew."""
    return entry(
        plan,
        now,
        EntryKind.EPOCH_OPENED,
        f"epoch {state.epoch}: {why}",
        epoch=state.epoch,
        weight=state.desired_weight,
        plan=plan.fingerprint(),
    )


def verdict_reached(
    plan: TrialPlan, verdict: Verdict, *, log_e_roll_back: float, note: str = ""
) -> Record:
    """Say what was decided, and with which figures."""
    return entry(
        plan,
        verdict.decided_at,
        EntryKind.VERDICT,
        verdict.sentence + note,
        decision=verdict.decision.value,
        grade=verdict.grade.value,
        epoch=verdict.epoch,
        log_e_roll_back=log_e_roll_back,
        reasons=[msgspec.to_builtins(reason, enc_hook=dict) for reason in verdict.reasons],
    )


def not_in_force(plan: TrialPlan, now: datetime, pending: tuple[str, ...]) -> Record:
    """Say which limits of the configuration are looser than those in force."""
    return entry(
        plan,
        now,
        EntryKind.CONFIG,
        f"not in force, for it is looser: {'; '.join(pending)}; `shadowmon loosen "
        f"{plan.trial_id}` with evidence, or with a reason",
        pending=list(pending),
    )


def gate_reported(plan: TrialPlan, event: GateReported) -> Record:
    """Say how a phase went that is judged elsewhere; of a name that both have, ours stands."""
    ours = {
        "phase": event.phase.value,
        "grade": event.grade.value,
        "reporter": event.reporter,
    }
    return entry(
        plan,
        event.now,
        EntryKind.GATE,
        f"{event.phase}: {event.grade}: {event.sentence} (reported by {event.reporter})",
        **{**event.data, **ours},
    )


def operation_asked(plan: TrialPlan, event: OperatorAsked) -> Record:
    """Say who asked for what."""
    return entry(
        plan,
        event.now,
        EntryKind.OPERATION,
        f"{event.operator} asked to {event.operation}: {event.reason or 'no reason given'}",
        operation=event.operation.value,
        operator=event.operator,
        reason=event.reason,
        expires_at=event.expires_at and event.expires_at.isoformat(),
    )


def loosened(plan: TrialPlan, event: OperatorAsked, changes: tuple[str, ...]) -> Record:
    """Say who loosened which limits, and by what right."""
    by = "by evidence" if event.figures is not None else "as an override"
    return entry(
        plan,
        event.now,
        EntryKind.OPERATION,
        f"{event.operator} loosened {by}: {'; '.join(changes)}: {event.reason}",
        operation=event.operation.value,
        operator=event.operator,
        reason=event.reason,
        loosened=list(changes),
        figures=msgspec.to_builtins(event.figures),
    )


# --- A move ----------------------------------------------------------------


def stage_entered(plan: TrialPlan, after: Step, now: datetime, *, why: str) -> Iterator[Command]:
    """Journal a move, make it, and tell people."""
    state = after.state
    sentence = f"{_MOVED[after.move]} {share(state.desired_weight)} of route {plan.route}"
    if after.move is Move.ADVANCE:
        sentence = f"goes on to {in_words(state.phase)}"
    sentence += f": {why}"
    yield entry(
        plan,
        now,
        EntryKind.STAGE_ENTERED,
        sentence,
        move=after.move.name.lower() if after.move else "",
        phase=state.phase.value,
        weight=state.desired_weight,
        stage=state.stage_count,
    )
    yield SetWeight(weight=state.desired_weight)
    yield Notify(event=f"rollout.{_EVENTS[after.move]}", sentence=sentence)


_MOVED: Mapping[Move | None, str] = {
    Move.CLIMB: "climbed to",
    Move.STEP_DOWN: "stepped down to",
    Move.DROP: "rolled back to",
    Move.RE_ARM: "re-armed with",
    Move.ADVANCE: "goes on with",
}

_EVENTS: Mapping[Move | None, str] = {
    Move.CLIMB: "stage_entered",
    Move.STEP_DOWN: "stepped_down",
    Move.DROP: "rolled_back",
    Move.RE_ARM: "re_armed",
    Move.ADVANCE: "phase_entered",
}

_IN_WORDS: Mapping[Phase, str] = {Phase.SHADOWING: "the shadow", Phase.SIDE_BY_SIDE: "side by side"}


def in_words(phase: Phase) -> str:
    """Name a phase in a sentence."""
    return _IN_WORDS.get(phase, phase)


def refusal(operation: Operation, state: RolloutState) -> str:
    """Say why an operation changes nothing."""
    where = f"trial {state.trial_id} is {state.phase}{', paused' if state.paused else ''}"
    match operation:
        case Operation.PAUSE | Operation.RESUME:
            return f"{where}: there is nothing to {operation}"
        case Operation.ROLL_BACK:
            return f"{where}: there is nothing to roll back"
        case Operation.APPROVE:
            return f"{where}: the next stage asks for no approval"
        case Operation.RE_ARM:
            return f"{where}: only a trial that was rolled back can be re-armed"
        case Operation.LOOSEN:
            return f"{where}: there is nothing to loosen"
