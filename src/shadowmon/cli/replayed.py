"""What a replay found, as JSON for programs and as lines for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from shadowmon.console import shapes
from shadowmon.console.plain import plain
from shadowmon.daemon.parts import Part, plan_hash
from shadowmon.daemon.rejudge import Rejudged
from shadowmon.daemon.replay import Replay, drawn
from shadowmon.daemon.replay_run import Done
from shadowmon.policy.sentences import e_value, percent


Json: TypeAlias = Mapping[str, Any]

_SENTENCE_MAX = 2000
_HASH_SHOWN = 12
_PLACES_SHOWN = 3
_A_PAIR = '{"id": "q-17", "baseline": {"text": "18"}, "optimized": {"text": "26"}, "label": "18"}'


# --- recorded pairs ---


def pairs_to_json(part: Part, replay: Replay | None, done: Done | None = None) -> Json:
    """
    Return what recorded pairs prove.

    Args:
        part: All that was counted.
        replay: Of one process that took all pairs, in order; None if several shared them.
        done: How a replay of traffic went; None of recorded pairs.

    """
    whole = replay is not None and part.shards[0].of == 1
    return {
        "config_hash": plan_hash(part.plan),
        "pairs": part.pairs,
        "shards": [[shard.number, shard.of] for shard in part.shards],
        "refused": dict(part.refused),
        "refusals": [
            {"file": each.file, "line": each.line, "problem": each.problem}
            for each in (replay.refusals if replay else ())
        ],
        "scorer_failures": dict(part.scorer_failures),
        "labels_unused": part.labels_unused,
        "traffic": None
        if done is None
        else {
            "requests": done.requests,
            "begun": done.begun,
            "asked": done.asked,
            "resumed_pairs": done.resumed,
            "behind_seconds": done.behind_seconds,
            "stopped_by": done.stopped_by or None,
        },
        "trial": shapes.trial(drawn(part)),
        "looks": [
            {
                "pairs": look.pairs,
                "at": shapes.timestamp(look.at),
                "kind": look.kind.value,
                "sentence": look.sentence,
            }
            for look in (replay.looks if replay and whole else ())
        ],
    }


def pair_lines(told: Json, *, every: int) -> Iterator[str]:
    """Write it out; pure."""
    trial = told["trial"]
    yield (
        f"trial {plain(trial['id'])}: {plain(trial['optimized'])} against "
        f"{plain(trial['baseline'])}, {trial['task']}, judged by {plain(trial['primary'])} "
        f"({plain(trial['truth'])})"
    )
    yield f"{told['pairs']} pairs; configuration {told['config_hash'][:_HASH_SHOWN]}"
    yield from _traffic(told["traffic"])
    yield from _not_counted(told)
    if not told["pairs"]:
        if told["traffic"] is None:
            yield f"a pair is one line of JSON: {_A_PAIR}"
        yield "nothing is proven, for there is no pair that could be judged"
        return
    verdict = trial["verdict"]
    if verdict:
        yield ""
        yield f"verdict: {verdict['decision']} ({verdict['grade']})"
        yield f"  {plain(verdict['sentence'], limit=_SENTENCE_MAX)}"
    yield ""
    yield "figures (a positive one is worse), each with its interval:"
    yield from map(_figure, filter(lambda figure: figure["count"], trial["figures"]))
    yield ""
    yield "rules, and how far each is proven:"
    yield from map(_rule, filter(lambda rule: rule["armed"], trial["rules"]))
    race = trial["roll_back"]
    yield f"  all that can take weight away, averaged: {_race(race)}"
    if told["looks"]:
        yield ""
        yield f"on the way, with a look after every {every} pairs:"
        yield from (
            f"  {look['pairs']:>7}  {plain(look['sentence'], limit=_SENTENCE_MAX)}"
            for look in told["looks"]
        )


def _traffic(traffic: Json | None) -> Iterator[str]:
    if traffic is not None:
        earlier = traffic["resumed_pairs"]
        yield (
            f"{traffic['begun']} of {traffic['requests']} recorded requests"
            + (f", {earlier} pairs by an earlier run" if earlier else "")
            + f"; models were called for {traffic['asked']}"
        )


def _not_counted(told: Json) -> Iterator[str]:
    unit = "lines" if told["traffic"] is None else "records"
    for problem, lines in sorted(told["refused"].items()):
        yield f"{lines} {unit} refused: {plain(problem)}"
        first = [each for each in told["refusals"] if each["problem"] == problem][:_PLACES_SHOWN]
        yield from (f"  {plain(each['file'])}:{each['line']}" for each in first)
    for scorer, pairs in sorted(told["scorer_failures"].items()):
        yield f"scorer {plain(scorer)} failed on {pairs} pairs"
    if told["labels_unused"]:
        yield f"{told['labels_unused']} labels not used: this trial expects none (labels.expected)"


def _figure(figure: Json) -> str:
    where = plain(figure["metric"])
    where += "" if figure["slice"] == "all" else f" in slice {plain(figure['slice'])}"
    rates = ""
    if figure["baseline_rate"] is not None:
        rates = (
            f"baseline {percent(figure['baseline_rate'])}, "
            f"optimized {percent(figure['optimized_rate'])}; "
        )
    limits = "".join(
        f", {words} {percent(figure[key])}"
        for key, words in (("acceptable", "acceptable"), ("red_line", "red line"))
        if figure[key] is not None
    )
    missing = f", {figure['missing']} missing" if figure["missing"] else ""
    estimate = "no figure" if figure["estimate"] is None else percent(figure["estimate"])
    return (
        f"  {where}: {rates}{figure['contrast'].replace('_', ' ')} {estimate} "
        f"[{_end(figure['lower'])}, {_end(figure['upper'])}] over {figure['count']} pairs"
        f"{missing}{limits}"
    )


def _end(value: float | None) -> str:
    return "-" if value is None else percent(value)


def _rule(rule: Json) -> str:
    claim = rule["claim"]
    side = "above" if claim["side"] == "worse" else "below"
    slice_name = "" if claim["slice"] == "all" else f" in slice {plain(claim['slice'])}"
    return (
        f"  {plain(rule['rule'])}: {claim['contrast'].replace('_', ' ')} of "
        f"{plain(claim['metric'])}{slice_name} {side} {percent(claim['limit'])}: {_race(rule)}"
    )


def _race(race: Json) -> str:
    log_e, needed = race["log_e_value"], race["log_e_needed"]
    value = "0" if log_e is None else e_value(log_e)
    word = "proven" if log_e is not None and log_e >= needed else "not proven"
    return f"e-value {value} of {e_value(needed)} needed: {word}"


# --- a journal ---


def journal_to_json(entries: int, found: Sequence[Rejudged]) -> Json:
    """Return what was decided then and what today's rules say, for each verdict."""
    return {"entries": entries, "verdicts": [_rejudged_to_json(each) for each in found]}


def _rejudged_to_json(each: Rejudged) -> Json:
    return {
        "entry": each.row.number,
        "at": shapes.timestamp(each.row.entry.at),
        "trial": each.row.entry.trial_id,
        "then": {
            "decision": each.decision_then,
            "grade": each.grade_then,
            "config_hash": each.config_hash_then or None,
        },
        "now": None
        if each.now is None
        else {
            "decision": each.now.decision.value,
            "grade": each.now.grade.value,
            "sentence": each.now.sentence,
            "config_hash": each.config_hash_now,
        },
        "same_rules": each.same_rules,
        "agrees": each.agrees,
        "changed": list(each.changed),
        "unknown": list(each.unknown),
    }


def journal_lines(name: str, entries: int, found: Sequence[Rejudged]) -> Iterator[str]:
    """Write it out; pure."""
    yield f"{plain(name)}: {entries} entries, and the hash chain holds"
    yield from map(_rejudged, found)
    fates = Counter(map(_fate, found))
    counts = ", ".join(f"{number} {fate}" for fate, number in fates.items())
    yield f"{len(found)} verdicts" + (f": {counts}" if counts else "")


def _rejudged(each: Rejudged) -> str:
    now = f"{each.now.decision} ({each.now.grade})" if each.now else "-"
    names = dict.fromkeys((*each.changed, *each.unknown))
    rules = f": {', '.join(map(plain, names))}" if each.now and names else ""
    return (
        f"entry {each.row.number}, {shapes.timestamp(each.row.entry.at)}, "
        f"{plain(each.row.entry.trial_id)}: then {each.decision_then} ({each.grade_then}), "
        f"now {now}; {_fate(each)}{rules}"
    )


def _fate(each: Rejudged) -> str:
    if each.now is None:
        return "not configured any more"
    if each.is_broken:
        return "NOT THE SAME under the same rules"
    if each.same_rules:
        return "the same to the last bit"
    rules = "under other rules" if each.config_hash_then else "under rules that were not told"
    return f"the same {rules}" if each.agrees else f"decided otherwise {rules}"
