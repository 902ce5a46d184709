"""Stage and Ladder: where we are, what comes next, what going back means."""

from __future__ import annotations

from dataclasses import dataclass

from shadowmon.records import ALL_TRAFFIC, NO_TRAFFIC, Stage, Weight


IN_SHADOW = -1
"""The index below the first rung: no weight."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """Stages in rising order of weight; the last one takes all traffic."""

    shadow: Stage
    """What the shadow asks for before the first rung; its weight is none."""
    stages: tuple[Stage, ...]

    def __post_init__(self) -> None:
        weights = [stage.weight for stage in self.stages]
        if not weights or weights[-1] != ALL_TRAFFIC:
            msg = f"the last stage must take all traffic (10000 basis points), got {weights[-1:]}"
            raise ValueError(msg)
        rungs = [self.shadow.weight, *weights]
        if rungs[0] != NO_TRAFFIC or sorted(set(rungs)) != rungs:
            msg = f"stage weights must rise from none, stage by stage, got {rungs}"
            raise ValueError(msg)

    def stage(self, index: int) -> Stage:
        """Return the rung at `index`; IN_SHADOW is the shadow."""
        return self.shadow if index == IN_SHADOW else self.stages[index]

    def weight(self, index: int) -> Weight:
        """Return the weight that the optimized model has on a rung."""
        return self.stage(index).weight

    def is_last(self, index: int) -> bool:
        """Is there no stage after this one?"""
        return index == len(self.stages) - 1
