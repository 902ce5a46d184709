"""
When a person is called: an alarm that was raised, and users who complain.

Rule: nothing is decided here. Whoever is called decides, or the evidence does, later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from shadowmon.evidence.alarm import Alarm
from shadowmon.policy.rules import Rule
from shadowmon.policy.sentences import measured, where
from shadowmon.records import Command, EntryKind, Notify
from shadowmon.trial.entries import entry
from shadowmon.trial.memory import Change, Memory
from shadowmon.trial.plan import TrialPlan


def for_alarms(
    plan: TrialPlan, memory: Memory, raised: Mapping[Rule, Alarm], now: datetime
) -> Change:
    """Call once for each rule whose alarm is raised and was not at the look before."""
    commands: list[Command] = []
    for rule in raised:
        if rule in memory.alarms:
            continue
        figure = measured(memory.evidence[rule])
        sentence = f"{rule.name} may be under way: {where(rule.claim)}: {figure}"
        commands.append(entry(plan, now, EntryKind.ALARM, sentence, rule=rule.name))
        commands.append(Notify(event="evidence.alarm_raised", sentence=sentence))
    return replace(memory, alarms=raised), tuple(commands)


def for_complaints(plan: TrialPlan, memory: Memory, now: datetime) -> Change:
    """Call once in a stage whose users complain of the optimized model."""
    rule, complaints = plan.feedback, memory.complaints
    if rule is None or complaints.told or not complaints.increased(rule):
        return memory, ()
    sentence = complaints.sentence(rule)
    return replace(memory, complaints=replace(complaints, told=True)), (
        entry(plan, now, EntryKind.ALARM, sentence, **complaints.to_json(rule)),
        Notify(event="evidence.complaints_increased", sentence=sentence),
    )
