"""The tables by name, in the order of docs/statistics.md."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.decisions import (
    answer_speed,
    beside_peers,
    bursts,
    change,
    climbs,
    efficiency,
    label_delay,
    level,
    merge,
    multiplicity,
    noise_floor,
    peeking,
    planned,
    tempering,
    uneven_sampling,
)
from benchmarks.decisions.table import Effort, Table


TABLES: dict[str, Callable[[Effort], Table]] = {
    "level": level.table,
    "efficiency": efficiency.table,
    "peers": beside_peers.table,
    "peeking": peeking.table,
    "bursts": bursts.table,
    "tempering": tempering.table,
    "tempering-change": tempering.change_table,
    "noise-floor": noise_floor.table,
    "uneven-sampling": uneven_sampling.table,
    "label-delay": label_delay.table,
    "answer-speed": answer_speed.table,
    "merge": merge.table,
    "change": change.table,
    "climbs": climbs.table,
    "multiplicity": multiplicity.table,
    "plan": planned.table,
}
