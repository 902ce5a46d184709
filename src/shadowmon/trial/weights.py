"""
The weight that is wanted, and the weight that is: what follows when an actuator reports.

Rule 1: a level is said again until it is reached, never a change; to say it twice is harmless.
Rule 2: a weight that another hand moved is told to people, and not fought over.
"""

from __future__ import annotations

from dataclasses import replace

from shadowmon.policy.sentences import share
from shadowmon.records import (
    Command,
    EntryKind,
    Notify,
    RolloutState,
    SetWeight,
    WeightApplied,
    WeightRejected,
)
from shadowmon.trial.entries import entry
from shadowmon.trial.memory import Change, Memory
from shadowmon.trial.plan import TrialPlan


def ask_again(state: RolloutState) -> tuple[Command, ...]:
    """Ask for the wanted weight, if it is not the one that is."""
    if state.applied_weight == state.desired_weight or state.drifted:
        return ()
    return (SetWeight(weight=state.desired_weight),)


def applied(plan: TrialPlan, memory: Memory, event: WeightApplied) -> Change:
    """Take in which weight is in force."""
    state = memory.state
    if state.applied_weight == event.weight:
        return memory, ()
    if state.applied_weight == state.desired_weight != event.weight:
        return _drifted(plan, memory, event)
    after = replace(memory, state=replace(state, applied_weight=event.weight), rejected="")
    sentence = f"{plan.optimized} now has {share(event.weight)} of route {plan.route}"
    return after, (entry(plan, event.now, EntryKind.WEIGHT_APPLIED, sentence, weight=event.weight),)


def _drifted(plan: TrialPlan, memory: Memory, event: WeightApplied) -> Change:
    state = memory.state
    after = replace(memory, state=replace(state, applied_weight=event.weight, drifted=True))
    sentence = (
        f"{plan.optimized} has {share(event.weight)} of route {plan.route}, and not "
        f"the {share(state.desired_weight)} that were applied: another hand changed it"
    )
    return after, (
        entry(plan, event.now, EntryKind.WEIGHT_DRIFTED, sentence, weight=event.weight),
        Notify(event="rollout.weight_drifted", sentence=sentence),
    )


def rejected(plan: TrialPlan, memory: Memory, event: WeightRejected) -> Change:
    """Say once why a weight could not be applied."""
    if memory.rejected == event.problem:
        return memory, ()
    sentence = f"weight {share(event.weight)} not applied: {event.problem}"
    return replace(memory, rejected=event.problem), (
        entry(plan, event.now, EntryKind.WEIGHT_REJECTED, sentence, weight=event.weight),
        Notify(event="actuator.weight_rejected", sentence=sentence),
    )
