"""
What a trial is measured by, and whether its limits can be asked of that.

`scorers_of`, `metrics_of` and `primary_of` are the one answer to what a trial measures when the
configuration leaves it open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from shadowmon import plugins
from shadowmon.config.complaints import close_to
from shadowmon.config.keys import KeyPath, written
from shadowmon.config.settings import LabelCoverage, Settings, TrialSettings
from shadowmon.console.plain import plain
from shadowmon.errors import Complaint, ConfigError
from shadowmon.evidence import gains
from shadowmon.evidence.floor import excess_bounds
from shadowmon.policy.rules import CORRECT, natural_contrast, unasked
from shadowmon.policy.settings import (
    ACCEPTABLE_LOSS,
    PRIMARY,
    RED_LINES,
    RedLineSettings,
    RequiredSettings,
    Task,
)
from shadowmon.records import (
    EVERYTHING,
    Claim,
    Contrast,
    Metric,
    MetricKind,
    MetricName,
    Scope,
    Side,
)
from shadowmon.scoring import truth
from shadowmon.scoring.classification.called import called_metrics
from shadowmon.scoring.classification.classes import class_metrics
from shadowmon.scoring.code.scorer import SYNTAX_INVALID, TESTS_PASSED
from shadowmon.scoring.service.slowness import SLOW
from shadowmon.scoring.tasks import scorers_for


SERVICE = "service"
"""Always among a trial's scorers: whether a model failed to answer is counted for every pair."""

WITHOUT_TRUTH: Mapping[Task, str] = {
    Task.CLASSIFICATION: "disagreement",
    Task.EXTRACTION: "field_divergence",
    Task.MATH: "answer_divergence",
    Task.EMBEDDING: "embedding_divergence",
    Task.RANKING: "rbo_divergence",
}
"""Primary metric where no labels are expected; of every other task it is `ANY_TEXT`."""
ANY_TEXT = "chrf_divergence"

NEEDS: Mapping[str, str] = {"semantic": "semantic", "preference": "judge"}
"""Scorers that read nothing but what an assessor found -> that assessor. They come by themselves
where it is configured and the trial's answers are texts."""
_MAY_READ: Mapping[str, tuple[str, ...]] = {
    **{scorer: (assessor,) for scorer, assessor in NEEDS.items()},
    "safety": ("moderation",),
    "code": ("sandbox", "lint"),
    "math": ("symbolic_math",),
}
"""Scorer -> the assessors whose findings it reads."""

_RESERVED = ("quality", "errors", "review", "borderline", "reject")
"""Names of rules that every trial has (policy/rules.py)."""


# --- What is measured ------------------------------------------------------


def scorers_of(settings: Settings, trial: TrialSettings) -> tuple[str, ...]:
    """Return the names of the scorers that run on a trial's pairs."""
    if trial.scorers:
        named = trial.scorers
    else:
        by_task = scorers_for(trial.task.value)
        more = [each for each, assessor in NEEDS.items() if _is_set(settings, assessor)]
        named = (*by_task, *more) if "text" in by_task else by_task
    return named if SERVICE in named else (*named, SERVICE)


def assessors_of(settings: Settings, trial: TrialSettings) -> tuple[str, ...]:
    """Return the names of the assessors whose findings a trial's scorers read."""
    read = (name for scorer in scorers_of(settings, trial) for name in _MAY_READ.get(scorer, ()))
    return tuple(dict.fromkeys(name for name in read if _is_set(settings, name)))


def _is_set(settings: Settings, assessor: str) -> bool:
    return getattr(settings.assessors, assessor) is not None


def metrics_of(settings: Settings, trial: TrialSettings) -> dict[MetricName, Metric]:
    """
    Return every metric that may be observed of a trial.

    Raises:
        ConfigError: If a scorer is not there.

    """
    found = scored_by(settings, trial) | {SLOW.name: SLOW}
    found |= {each.name: each for each in called_metrics(trial.labels.classes)}
    if trial.labels.expected is not LabelCoverage.NONE:
        found[CORRECT] = truth.CORRECT
        found |= {each.name: each for each in class_metrics(trial.labels.classes)}
    share = self_check_of(settings, trial)
    if share:
        for metric in [each for each in found.values() if has_floor(each)]:
            lean = settings.evidence.floor_lean
            found |= {each.name: each for each in _with_floor(metric, share, lean)}
    return found


def self_check_of(settings: Settings, trial: TrialSettings) -> float:
    """Return how often the baseline is asked twice on a trial's route; 0 if there is no such."""
    route = settings.routes.get(trial.route)
    return route.self_check_rate if route else 0.0


def has_floor(metric: Metric) -> bool:
    """Does the baseline diverge from itself in this metric, if it is asked twice?"""
    return metric.kind is MetricKind.DIVERGENCE and metric.scope is Scope.EPOCH


def floor_of(name: MetricName) -> MetricName:
    """Return the name of the baseline's divergence from itself."""
    return MetricName(f"{name}_floor")


def excess_of(name: MetricName) -> MetricName:
    """Return the name of a divergence over its floor."""
    return MetricName(f"{name}_excess")


def _with_floor(metric: Metric, share: float, lean: float) -> Iterator[Metric]:
    yield replace(
        metric,
        name=floor_of(metric.name),
        sentence=f"The baseline held against itself: {metric.sentence}",
    )
    lower, upper = excess_bounds(share=share, lean=lean)
    yield replace(
        metric,
        name=excess_of(metric.name),
        lower=lower,
        upper=upper,
        sentence=f"Over the baseline's divergence from itself: {metric.sentence}",
    )


def scored_by(settings: Settings, trial: TrialSettings) -> dict[MetricName, Metric]:
    """
    Return every metric that a trial's scorers declare.

    Raises:
        ConfigError: If a scorer is not there.

    """
    found: dict[MetricName, Metric] = {}
    for name in scorers_of(settings, trial):
        scorer = plugins.load("scorers", name, key="trials.scorers")
        found |= {metric.name: metric for metric in map(_held, scorer.metrics)}
    return found


def _held(metric: Metric) -> Metric:
    """Return it held to something, which the trial's rules will replace (trial/plan.py)."""
    is_bare = metric.kind is MetricKind.SCORES and not metric.held_to
    return replace(metric, held_to=unasked(metric)) if is_bare else metric


def primary_of(settings: Settings, trial: TrialSettings) -> MetricName:
    """Return the name of the metric that a trial is judged by."""
    if trial.policy.primary:
        return MetricName(trial.policy.primary)
    if trial.labels.expected is not LabelCoverage.NONE:
        return CORRECT
    if trial.task is Task.CODE:
        return TESTS_PASSED if _is_tested(settings, trial) else SYNTAX_INVALID
    divergence = MetricName(WITHOUT_TRUTH.get(trial.task, ANY_TEXT))
    return excess_of(divergence) if self_check_of(settings, trial) else divergence


def _is_tested(settings: Settings, trial: TrialSettings) -> bool:
    """Do its requests carry tests, and is there a sandbox to run them in?"""
    route = settings.routes.get(trial.route)
    carry = route is not None and "tests" in route.codec_settings
    return carry and _is_set(settings, "sandbox")


# --- Whether it fits -------------------------------------------------------


def measures(settings: Settings) -> Iterator[Complaint]:
    """Complain of scorers and metrics that are not there, and of limits that cannot be asked."""
    for name, trial in settings.trials.items():
        complaints = list(_scorers(settings, name, trial))
        yield from complaints
        if not complaints:
            yield from _Measures(settings, name, trial).complaints()


def _scorers(settings: Settings, name: str, trial: TrialSettings) -> Iterator[Complaint]:
    owners: dict[MetricName, str] = {}
    words = scorers_of(settings, trial)
    for at, word in enumerate(words):
        path: KeyPath = ("trials", name, "scorers")
        key = written((*path, at) if trial.scorers and at < len(trial.scorers) else path)
        if word in words[:at]:
            yield Complaint(key=key, problem=f"{plain(word)} is named twice")
            continue
        if word in NEEDS and not _is_set(settings, NEEDS[word]):
            problem = f"{word} reads what an assessor found, and there is none"
            yield Complaint(key=key, problem=problem, hint=f"set assessors.{NEEDS[word]}")
            continue
        try:
            scorer = plugins.load("scorers", word, key=key)
        except ConfigError as error:
            yield from error.complaints
            continue
        for metric in scorer.metrics:
            other = owners.setdefault(metric.name, word)
            if other != word:
                problem = f"{word} and {other} both measure {metric.name}"
                yield Complaint(key=key, problem=problem, hint="use one of them")


class _Measures:
    """One trial's metrics, and what its policy asks of them."""

    def __init__(self, settings: Settings, name: str, trial: TrialSettings) -> None:
        self._path: KeyPath = ("trials", name, "policy")
        self._trial = trial
        self._policy = trial.policy
        self._metrics = metrics_of(settings, trial)
        self._primary = primary_of(settings, trial)
        self._acceptable = trial.policy.acceptable or ACCEPTABLE_LOSS[trial.task]

    def complaints(self) -> Iterator[Complaint]:
        yield from self._of_primary()
        for at, line in enumerate(self._policy.red_lines):
            yield from self._of_red_line(("red_lines", at), line)
        for at, required in enumerate(self._policy.required):
            yield from self._of_required(("required", at), required)
        yield from self._of_names()
        yield from self._of_review()

    def _of_primary(self) -> Iterator[Complaint]:
        if self._primary in self._metrics:
            return
        if self._policy.primary:
            yield self._unknown(("primary",), self._policy.primary)
            return
        problem = f"no scorer of this trial measures {self._primary}"
        yield self._complaint(
            ("primary",),
            f"{problem}, the primary metric of the task {self._trial.task} without labels",
            f"name another primary metric ({', '.join(sorted(self._metrics))}), or another scorer",
        )

    def _of_red_line(self, place: KeyPath, line: RedLineSettings) -> Iterator[Complaint]:
        metric = self._metrics.get(self._named(line.metric))
        if metric is None:
            # A default red line on a metric that this trial has not is simply not there.
            if line not in RED_LINES and line.metric != PRIMARY:
                yield self._unknown((*place, "metric"), line.metric)
            return
        yield from self._unprovable(place, metric, line.contrast, line.limit, Side.WORSE)
        if self._is_asked(line) and self._meets_primary(line):
            yield from self._beyond(
                ("acceptable",), self._acceptable, place, line, "the acceptable loss"
            )

    def _of_required(self, place: KeyPath, required: RequiredSettings) -> Iterator[Complaint]:
        metric = self._metrics.get(self._named(required.metric))
        if metric is None:
            if required.metric != PRIMARY:
                yield self._unknown((*place, "metric"), required.metric)
            return
        contrast = required.contrast or natural_contrast(metric)
        yield from self._unprovable(
            place, metric, required.contrast, required.acceptable, Side.BETTER
        )
        for at, line in enumerate(self._policy.red_lines):
            same = self._named(line.metric) == metric.name and line.slice == required.slice
            if same and self._is_asked(line) and self._contrast(line, metric) == contrast:
                yield from self._beyond(
                    (*place, "acceptable"),
                    required.acceptable,
                    ("red_lines", at),
                    line,
                    "what is acceptable",
                )

    def _of_names(self) -> Iterator[Complaint]:
        seen: set[str] = set()
        for at, line in enumerate(self._policy.red_lines):
            if line.name in seen:
                yield self._complaint(("red_lines", at, "name"), f"{line.name} is given twice")
            if line.name in _RESERVED:
                problem = f"{line.name} is the name of a rule that every trial has"
                yield self._complaint(("red_lines", at, "name"), problem, "choose another")
            seen.add(line.name)

    def _of_review(self) -> Iterator[Complaint]:
        factor = self._policy.review_factor
        if self._acceptable * factor >= 1:
            yield self._complaint(
                ("review_factor",),
                f"{factor:g} times the acceptable loss ({self._acceptable:g}) is "
                f"{self._acceptable * factor:g}: nothing could ever be rejected",
                "their product must be below 1",
            )

    # --- small things ---

    def _beyond(
        self, place: KeyPath, acceptable: float, of_line: KeyPath, line: RedLineSettings, what: str
    ) -> Iterator[Complaint]:
        """Complain if more is acceptable than a red line allows."""
        if acceptable > line.limit:
            yield self._complaint(
                place,
                f"{what} ({acceptable:g}) is beyond the red line "
                f"{written((*self._path, *of_line, 'limit'))} ({line.name}: {line.limit:g})",
                "tighten it, or move the red line",
            )

    def _unprovable(
        self, place: KeyPath, metric: Metric, contrast: Contrast | None, limit: float, side: Side
    ) -> Iterator[Complaint]:
        claim = Claim(
            metric=metric.name,
            slice=EVERYTHING,
            contrast=contrast or natural_contrast(metric),
            limit=limit,
            side=side,
        )
        try:
            if metric.kind is MetricKind.SCORES:  # it will be counted for whatever is asked
                metric = replace(metric, held_to=((claim.contrast, limit),))
            gains.check(claim, metric)
        except ValueError as error:
            yield self._complaint(place, str(error).partition(": ")[2])

    def _unknown(self, place: KeyPath, word: str) -> Complaint:
        if word == CORRECT:
            hint = "it needs labels: set labels.expected to some or all"
            return self._complaint(place, f"{CORRECT} is not measured", hint)
        problem = f'no scorer of this trial measures "{plain(word)}"'
        return self._complaint(place, problem, close_to(word, self._metrics))

    def _meets_primary(self, line: RedLineSettings) -> bool:
        """Is this red line about the same figure as the acceptable loss?"""
        metric = self._metrics.get(self._primary)
        return (
            metric is not None
            and self._named(line.metric) == self._primary
            and line.slice == EVERYTHING
            and self._contrast(line, metric) == natural_contrast(metric)
        )

    def _is_asked(self, line: RedLineSettings) -> bool:
        return line.armed and (not line.tasks or self._trial.task in line.tasks)

    @staticmethod
    def _contrast(line: RedLineSettings, metric: Metric) -> Contrast:
        return line.contrast or natural_contrast(metric)

    def _named(self, word: str) -> MetricName:
        return self._primary if word == PRIMARY else MetricName(word)

    def _complaint(self, place: KeyPath, problem: str, hint: str = "") -> Complaint:
        return Complaint(key=written((*self._path, *place)), problem=problem, hint=hint)
