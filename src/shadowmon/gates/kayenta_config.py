"""
What Kayenta sends to a remote judge, as far as it is read.

https://github.com/spinnaker/kayenta, docs/canary-config.md and RemoteJudge. Keys that are not known
are passed over, as Kayenta itself does; a missing point is the text "NaN" in a list of numbers.
"""

from __future__ import annotations

import enum
import math

from typing import Any

import msgspec
import numpy as np

from shadowmon.gates.mann_whitney import Sample


PAIRS_MAX = 1_000
POINTS_MAX = 20_000
"""Of one arm of one metric."""
_LARGEST = 1e100
"""A point beyond it is taken for missing: its square would be beyond a float."""


class Direction(enum.StrEnum):
    """Which change of a metric is a failure."""

    INCREASE = "increase"
    DECREASE = "decrease"
    EITHER = "either"


class NanStrategy(enum.StrEnum):
    """What becomes of points that are missing."""

    REMOVE = "remove"
    REPLACE = "replace"
    """By 0."""


class OutlierStrategy(enum.StrEnum):
    """What becomes of points far from the others."""

    KEEP = "keep"
    REMOVE = "remove"


class Measure(enum.StrEnum):
    """How large a change is."""

    MEAN_RATIO = "meanRatio"
    CLES = "cles"
    """Common language effect size: the probability that the experiment's point is the larger."""


class EffectSize(msgspec.Struct, rename="camel"):
    """How large a change must be to count; None: any."""

    measure: Measure = Measure.MEAN_RATIO
    allowed_increase: float | None = None
    allowed_decrease: float | None = None
    critical_increase: float | None = None
    critical_decrease: float | None = None

    @property
    def neutral(self) -> float:
        """The size of no change at all."""
        return 1.0 if self.measure is Measure.MEAN_RATIO else 0.5


class Outliers(msgspec.Struct, rename="camel"):
    """How outliers are treated."""

    strategy: OutlierStrategy = OutlierStrategy.KEEP
    outlier_factor: float = 3.0


class Analysis(msgspec.Struct, rename="camel"):
    """How one metric is judged."""

    direction: Direction = Direction.EITHER
    nan_strategy: NanStrategy = NanStrategy.REMOVE
    critical: bool = False
    must_have_data: bool = False
    muted: bool = False
    effect_size: EffectSize = msgspec.field(default_factory=EffectSize)
    outliers: Outliers = msgspec.field(default_factory=Outliers)


class Analyses(msgspec.Struct):
    """Kayenta has but this one."""

    canary: Analysis = msgspec.field(default_factory=Analysis)


class MetricConfig(msgspec.Struct, rename="camel"):
    """One metric of the configuration."""

    name: str
    groups: list[str] = []
    analysis_configurations: Analyses | None = None

    @property
    def analysis(self) -> Analysis:
        """How it is judged."""
        return (self.analysis_configurations or Analyses()).canary


class Classifier(msgspec.Struct, rename="camel"):
    """Which group of metrics weighs how much, in percent."""

    group_weights: dict[str, float] | None = None


class CanaryConfig(msgspec.Struct):
    """The configuration."""

    metrics: list[MetricConfig] = []
    classifier: Classifier | None = None


class Thresholds(msgspec.Struct):
    """From which score on it passes, or is marginal."""

    passes: float = msgspec.field(name="pass", default=75.0)
    marginal: float = 50.0


class Values(msgspec.Struct):
    """Both samples of a metric."""

    control: list[float | str] = []
    experiment: list[float | str] = []


class MetricSetPair(msgspec.Struct):
    """One metric, measured in both."""

    name: str
    values: Values
    id: str = ""
    tags: dict[str, str] = {}


class Asked(msgspec.Struct, rename="camel"):
    """The whole request."""

    canary_config: CanaryConfig
    score_thresholds: Thresholds
    metric_set_pair_list: list[MetricSetPair]


class UnjudgeableError(ValueError):
    """It cannot be judged; the message says why."""

    status = 422
    """Of HTTP: it was understood, and does not fit together."""


class UnreadableError(UnjudgeableError):
    """It is no request of Kayenta's."""

    status = 400


def read(body: bytes) -> Asked:
    """
    Read a request.

    Raises:
        UnjudgeableError: If it is none, or more than is judged at one time.

    """
    try:
        asked = msgspec.json.decode(body, type=Asked)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        msg = f"this is no request of Kayenta's: {error}"
        raise UnreadableError(msg) from None
    known = {metric.name for metric in asked.canary_config.metrics}
    if len(asked.metric_set_pair_list) > PAIRS_MAX:
        msg = f"more than {PAIRS_MAX} metrics"
        raise UnjudgeableError(msg)
    for pair in asked.metric_set_pair_list:
        if pair.name not in known:
            msg = f"metric {pair.name[:80]!a} is not in canaryConfig.metrics"
            raise UnjudgeableError(msg)
        if max(len(pair.values.control), len(pair.values.experiment)) > POINTS_MAX:
            msg = f"metric {pair.name[:80]!a} has more than {POINTS_MAX:,} points"
            raise UnjudgeableError(msg)
    return asked


def sample(points: list[Any]) -> Sample:
    """Return points as numbers; whatever is none is a missing point."""
    return np.array([_number(point) for point in points], dtype=np.float64)


def _number(point: float | str) -> float:
    try:
        number = float(point)
    except ValueError:
        return math.nan
    return number if abs(number) <= _LARGEST else math.nan
