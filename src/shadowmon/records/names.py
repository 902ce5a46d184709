"""Names, units and marks that every other record is written with."""

from __future__ import annotations

from typing import NewType, TypeAlias


ExchangeId = NewType("ExchangeId", str)
RouteName = NewType("RouteName", str)
ModelName = NewType("ModelName", str)
TrialId = NewType("TrialId", str)
MetricName = NewType("MetricName", str)
SliceName = NewType("SliceName", str)
StageName = NewType("StageName", str)

Weight = NewType("Weight", int)
"""Share of production traffic, in basis points: 10_000 is all of it."""

NO_TRAFFIC = Weight(0)
ALL_TRAFFIC = Weight(10_000)

EVERYTHING = SliceName("all")
"""The slice that every exchange is in."""

Headers: TypeAlias = tuple[tuple[str, str], ...]
"""Names in lower case, in the order of the wire; bytes that are not UTF-8 are replaced."""

SHADOW_HEADER = "x-shadowmon-shadow"
"""On every call of the mirror. A request that has it already is never mirrored again: where a model
is reached through this very proxy, or through a mirror, it would go round for ever."""
