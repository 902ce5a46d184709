"""
Side by side: what people's blinded preferences prove.

A task's score is the optimized model's: 1 if its answer was preferred, 0 if the baseline's was, one
half of a tie or of two bad ones; of several reviewers the mean. A model that is as good scores one
half on average. *Not worse* is proven of a mean score above one half less a margin, by the bets
that live pairs are weighed by, so one may look after every vote (evidence/eprocess.py). No
significant difference is no such proof.

Rule 1: a task counts once, when it has as many votes as are asked for, in the order in which tasks
came to that; what more is said of it tells how far people agree, and nothing else.
Rule 2: a skip is no vote.
"""

from __future__ import annotations

import math

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from shadowmon.evidence import confseq, outcomes
from shadowmon.evidence.confseq import Interval
from shadowmon.evidence.eprocess import EProcess, bet_on
from shadowmon.evidence.sampling import EVERY_ONE
from shadowmon.policy.sentences import percent, race
from shadowmon.records import (
    EVERYTHING,
    Choice,
    Claim,
    Contrast,
    Counts,
    ExchangeId,
    Grade,
    Metric,
    MetricKind,
    MetricName,
    Preference,
    Side,
)


POINTS: Mapping[Choice, float] = {
    Choice.BASELINE: 0.0,
    Choice.TIE: 0.5,
    Choice.BOTH_BAD: 0.5,
    Choice.OPTIMIZED: 1.0,
}
"""What the optimized model gets."""

_NOISE = 0.5
"""Share of tasks in which people are assumed to prefer one answer; it only tunes the bets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRule:
    """When people have said enough."""

    margin: float
    """By how much less than one half the optimized model's mean score may be."""
    needed: int
    """Tasks that must have been judged, whatever is proven."""
    votes_per_task: int
    alpha: float
    """Of calling a model not worse that is worse by the margin; of rejecting one that is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewStanding:
    """Where a side by side stands."""

    tasks: int
    """That count."""
    needed: int
    score: float | None
    """The optimized model's mean score; one half is as good."""
    interval: Interval
    agreement: float | None
    """Krippendorff's alpha; None if no task was judged by two people, or all said the same."""
    grade: Grade
    """ACCEPT, REJECT, or WAIT."""
    sentence: str


def task_scores(preferences: Iterable[Preference], *, votes_per_task: int) -> list[float]:
    """
    Return the scores of the tasks that count, in the order in which they came to.

    Args:
        preferences: In the order in which they were given.
        votes_per_task: Votes that a task must have; further ones change nothing.

    """
    votes: dict[ExchangeId, list[float]] = {}
    scores = []
    for each in preferences:
        if each.choice is Choice.SKIP:
            continue
        those = votes.setdefault(each.task, [])
        those.append(POINTS[each.choice])
        if len(those) == votes_per_task:
            scores.append(sum(those) / votes_per_task)
    return scores


class Review:
    """The bets on one trial's side by side."""

    def __init__(self, rule: ReviewRule) -> None:
        self._rule = rule
        # "Was its answer the worse one?" of both models: a rise is a loss. Of scores s that is
        # 1 - s against s, a rise of 1 - 2 s: twice as far from its middle as the score is.
        limit = 2 * rule.margin
        self._metric = Metric(
            name=MetricName("was_worse"),
            kind=MetricKind.SCORES,
            held_to=((Contrast.ABSOLUTE_RISE, limit),),
            sentence="Its answer was the worse one.",
        )
        self._not_worse = self._bet(limit, Side.BETTER)
        self._worse = self._bet(limit, Side.WORSE)

    def _bet(self, limit: float, side: Side) -> EProcess:
        claim = Claim(
            metric=self._metric.name,
            slice=EVERYTHING,
            contrast=Contrast.ABSOLUTE_RISE,
            limit=limit,
            side=side,
        )
        return bet_on(claim, assumed_noise=_NOISE, metric=self._metric)

    def standing(self, preferences: Sequence[Preference]) -> ReviewStanding:
        """
        Weigh all that was said.

        Args:
            preferences: Of one trial and epoch, in the order in which they were given.

        """
        rule = self._rule
        scores = task_scores(preferences, votes_per_task=rule.votes_per_task)
        counts = self._counts(scores)
        better, worse = (self._log_e(process, counts) for process in (self._not_worse, self._worse))
        grade = self._grade(len(scores), better, worse)
        interval = _of_scores(
            confseq.interval(
                self._metric, Contrast.ABSOLUTE_RISE, {EVERY_ONE: counts}, alpha=rule.alpha
            )
        )
        score = sum(scores) / len(scores) if scores else None
        shown = worse if grade is Grade.REJECT else better
        return ReviewStanding(
            tasks=len(scores),
            needed=rule.needed,
            score=score,
            interval=interval,
            agreement=agreement(preferences),
            grade=grade,
            sentence=_sentence(score, interval, len(scores), rule, grade)
            + f" ({race(shown, -math.log(rule.alpha))})",
        )

    def _counts(self, scores: Sequence[float]) -> Counts:
        counts = np.zeros(outcomes.places(self._metric), dtype=np.int64)
        if scores:
            figures = np.array([[score, 1 - score] for score in scores])
            np.add.at(counts, *outcomes.deposits(figures, self._metric))
        return tuple(counts.tolist())

    def _log_e(self, process: EProcess, counts: Counts) -> float:
        limit = 2 * self._rule.margin
        part = outcomes.part(self._metric, Contrast.ABSOLUTE_RISE, limit, counts)
        return float(process.log_e_value(process.log_wealth(part)))

    def _grade(self, tasks: int, better: float, worse: float) -> Grade:
        proven = -math.log(self._rule.alpha)
        if worse >= proven:
            return Grade.REJECT
        enough = tasks >= self._rule.needed
        return Grade.ACCEPT if enough and better >= proven else Grade.WAIT


def _of_scores(rises: Interval) -> Interval:
    """Turn an interval of the rise 1 - 2 s into one of the score s."""
    lower, upper = rises
    return (
        None if upper is None else (1 - upper) / 2,
        None if lower is None else (1 - lower) / 2,
    )


def _sentence(
    score: float | None, interval: Interval, tasks: int, rule: ReviewRule, grade: Grade
) -> str:
    limit = percent(0.5 - rule.margin)
    if score is None:
        return f"0 of {rule.needed} preferences"
    ends = [end for end in interval if end is not None]
    band = f" [{', '.join(map(percent, ends))}]" if len(ends) == len(interval) else ""
    what = f"the optimized model is preferred in {percent(score)}{band} of {tasks} comparisons"
    match grade:
        case Grade.ACCEPT:
            return f"{what}, proven above {limit}: not worse"
        case Grade.REJECT:
            return f"{what}, proven below {limit}: worse"
        case _:
            few = f"; {rule.needed} are needed" if tasks < rule.needed else ""
            return f"{what}, not proven above {limit}{few}"


def agreement(preferences: Iterable[Preference]) -> float | None:
    """
    Return Krippendorff's alpha of the reviewers' choices, skips left out.

    1 is full agreement, 0 what chance would give. The choices are taken as names without an order;
    a task that only one person judged says nothing (Krippendorff, Computing Krippendorff's
    Alpha-Reliability, 2011: alpha = 1 - observed / expected disagreement, by coincidences).

    Returns:
        None if no task was judged by two people, or there was only ever one choice.

    """
    by_task: dict[ExchangeId, Counter[Choice]] = {}
    for each in preferences:
        if each.choice is not Choice.SKIP:
            by_task.setdefault(each.task, Counter())[each.choice] += 1
    shared = [votes for votes in by_task.values() if votes.total() > 1]
    totals = sum(shared, Counter[Choice]())
    everything = totals.total()
    observed = sum(_disagreements(votes) / (votes.total() - 1) for votes in shared)
    expected = _disagreements(totals) / (everything - 1) if everything > 1 else 0.0
    return 1 - observed / expected if expected else None


def _disagreements(votes: Counter[Choice]) -> int:
    """Count the ordered pairs of votes that differ."""
    return votes.total() ** 2 - sum(count**2 for count in votes.values())
