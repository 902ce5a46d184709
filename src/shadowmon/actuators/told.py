"""What a webhook or a program is told of a weight, and how its answer is read. Pure."""

from __future__ import annotations

import json

from dataclasses import dataclass
from typing import Any

import msgspec

from shadowmon.errors import ActuatorError
from shadowmon.records import ALL_TRAFFIC, ModelName, RouteName, TrialId, Weight


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whose weight it is."""

    trial_id: TrialId
    route: RouteName
    baseline: ModelName
    optimized: ModelName

    def told(self, weight: Weight) -> dict[str, Any]:
        """Return what is told: names, the weight in basis points, and the same in percent."""
        return {
            "trial": self.trial_id,
            "route": self.route,
            "baseline": self.baseline,
            "optimized": self.optimized,
            "weight": int(weight),
            "percent": weight / 100,
        }


class _Answered(msgspec.Struct):
    weight: int | None = None


def written(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """Write JSON."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False).encode()


def weight_in(answer: bytes, where: str) -> Weight | None:
    """
    Read `{"weight": 2500}`, in basis points; None if the answer is empty or names no weight.

    Raises:
        ActuatorError: If it is no JSON object, or names a weight that is none.

    """
    if not answer.strip():
        return None
    try:
        weight = msgspec.json.decode(answer, type=_Answered).weight
    except (msgspec.MsgspecError, UnicodeDecodeError):
        msg = f'{where} did not answer with JSON such as {{"weight": 2500}}'
        raise ActuatorError(msg) from None
    if weight is not None and not 0 <= weight <= ALL_TRAFFIC:
        msg = f"{where} answered with weight {weight}, which is not 0 to {ALL_TRAFFIC}"
        raise ActuatorError(msg)
    return None if weight is None else Weight(weight)
