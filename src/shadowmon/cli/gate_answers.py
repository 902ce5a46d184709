"""
Answers of both models to the same questions, scored and judged as live pairs would be.

    {"id": "q-17", "answer": {"text": "A: 18"}, "label": "A: 18"}

`answer` is in the form of `baseline` and `optimized` in a recorded pair (daemon/recorded.py);
`label`, `slices` and `question` may be in either file. With labels the primary metric is whether
the answer is right, without it is how far apart the two answers are.
"""

from __future__ import annotations

import json

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shadowmon.daemon.replay import Replay, drawn, plain_settings, plan_of
from shadowmon.gates.results.json_files import lines, text_of
from shadowmon.gates.results.measured import ResultsError
from shadowmon.policy.settings import ACCEPTABLE_LOSS, PolicySettings, Task
from shadowmon.records import EVERYTHING, Contrast, Grade
from shadowmon.trial.benchmark import Benchmarked, Row, limits_of
from shadowmon.view import Figure, RuleView, TrialView


_BOTH = ("label", "slices", "question", "at")
_SHOWN = 3


def judge_answers(
    baseline: Path,
    optimized: Path,
    *,
    task: Task,
    codec: str,
    policy: PolicySettings,
    alpha: float,
) -> Benchmarked:
    """
    Score and judge two files of answers.

    Raises:
        ResultsError: If they cannot be paired.
        ConfigError: If there is no such codec.

    """
    pairs = _paired(_read(baseline), _read(optimized), (baseline, optimized))
    labelled = all("label" in pair for pair in pairs)
    settings = plain_settings(task=task, codec=codec, expects_labels=labelled)
    (name, trial), *_ = settings.trials.items()
    trial = trial.model_copy(update={"policy": policy})
    evidence = settings.evidence.model_copy(
        update={"alpha_promote": alpha, "alpha_roll_back": alpha, "alpha_interval": alpha}
    )
    settings = settings.model_copy(update={"trials": {name: trial}, "evidence": evidence})
    replay = Replay(settings, plan_of(settings, None), every=len(pairs) + 1)
    for number, pair in enumerate(pairs, start=1):
        replay.take(json.dumps(pair).encode(), file=str(baseline), number=number)
    for refused in replay.refusals[:1]:
        msg = f"{refused.file}, line {refused.line}: {refused.problem}"
        raise ResultsError(msg)
    limits = limits_of(policy, task, policy.acceptable or ACCEPTABLE_LOSS[task], alpha=alpha)
    view = drawn(replay.part())
    grade = _grade(view)
    rows = tuple(_row(figure, view) for figure in view.figures if _decides(figure))
    sentence = view.verdict.sentence if view.verdict else "nothing was measured"
    return Benchmarked(grade=grade, sentence=sentence, limits=limits, rows=rows)


def _read(path: Path) -> Mapping[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for number, line in lines(path, text_of(path)):
        if not isinstance(line.get("id"), str) or not isinstance(line.get("answer"), Mapping):
            msg = f'{path}, line {number}: needs an "id" (text) and an "answer" (object)'
            raise ResultsError(msg)
        if line["id"] in found:
            msg = f'{path}, line {number}: the id "{line["id"]}" was there before'
            raise ResultsError(msg)
        found[line["id"]] = line
    return found


def _paired(
    baseline: Mapping[str, Mapping[str, Any]],
    optimized: Mapping[str, Mapping[str, Any]],
    paths: tuple[Path, Path],
) -> list[Mapping[str, Any]]:
    alone = sorted(baseline.keys() ^ optimized.keys())
    if alone:
        msg = (
            f"{len(alone)} answers of {paths[0]} and {paths[1]} have no partner (such as "
            f"{', '.join(alone[:_SHOWN])}): ask both models the same questions"
        )
        raise ResultsError(msg)
    return [_pair(baseline[name], optimized[name], paths) for name in baseline]


def _pair(
    baseline: Mapping[str, Any], optimized: Mapping[str, Any], paths: tuple[Path, Path]
) -> Mapping[str, Any]:
    both: dict[str, Any] = {}
    for key in _BOTH:
        told = [each[key] for each in (baseline, optimized) if each.get(key) is not None]
        if any(each != told[0] for each in told):
            msg = f"{paths[0]} and {paths[1]}: another {key} of {baseline['id']} in each"
            raise ResultsError(msg)
        if told:
            both[key] = told[0]
    answers = {"baseline": baseline["answer"], "optimized": optimized["answer"]}
    return {"id": baseline["id"], **answers, **both}


def _grade(view: TrialView) -> Grade:
    grade = view.verdict.grade if view.verdict else Grade.WAIT
    match grade:
        case Grade.ACCEPT:
            return Grade.ACCEPT
        case Grade.REJECT | Grade.RED_LINE:
            return Grade.REJECT
        case _:
            return Grade.REVIEW


def _decides(figure: Figure) -> bool:
    return figure.slice == EVERYTHING and figure.acceptable is not None


def _row(figure: Figure, view: TrialView) -> Row:
    relative = figure.contrast in {Contrast.RELATIVE_DROP, Contrast.RELATIVE_RISE}
    baseline, optimized = figure.baseline_rate, figure.optimized_rate
    drop = figure.estimate
    if baseline is not None and optimized is not None:
        sign = -1 if figure.contrast is not Contrast.RELATIVE_DROP else 1
        drop = sign * (baseline - optimized)
    return Row(
        benchmark="answers",
        metric=figure.metric.name,
        worse=figure.metric.worse,
        baseline=baseline,
        optimized=optimized,
        absolute_drop=drop,
        relative_drop=figure.estimate if relative else None,
        about=figure.contrast,
        limit=figure.acceptable or 0.0,
        interval=(figure.lower, figure.upper),
        count=figure.count,
        missing=figure.missing,
        paired=True,
        grade=_grade_of(figure, view.rules),
    )


def _grade_of(figure: Figure, rules: tuple[RuleView, ...]) -> Grade:
    """Say what is proven of this figure alone."""
    mine = [
        rule
        for rule in rules
        if (rule.evidence.claim.metric, rule.evidence.claim.slice)
        == (figure.metric.name, EVERYTHING)
    ]
    if any(rule.breached for rule in mine if rule.rule == "reject"):
        return Grade.REJECT
    climbs = [rule for rule in mine if rule.rule in {"quality", "errors"}]
    proven = all(rule.evidence.log_e_value >= rule.log_e_needed for rule in climbs)
    return Grade.ACCEPT if climbs and proven else Grade.REVIEW
