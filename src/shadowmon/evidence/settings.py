"""Error rates, and how the bets are laid. See docs/statistics in the README's guarantee."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class EvidenceSettings(BaseModel):
    """Settings of evidence/."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    alpha_promote: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """Probability of ever climbing while the loss is not acceptable; at every look."""
    alpha_roll_back: Annotated[float, Field(gt=0, lt=1)] = 0.01
    """Probability of ever taking all weight away although no limit is crossed, by any rule."""
    alpha_interval: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """Two-sided level of the intervals that are shown. They decide nothing."""
    restart_pairs: Annotated[int, Field(ge=16)] = 256
    """The restart chain begins a fresh bet after every so many pairs of a cell (sudden change)."""
    assumed_noise: Annotated[float, Field(gt=0, le=1)] = 0.03
    """Share of pairs in which one model is right and the other wrong though neither is better. It
    only tunes the bets: a wrong figure costs pairs, never validity."""
    assumed_error_noise: Annotated[float, Field(gt=0, le=1)] = 0.002
    """The same of errors, and of whatever else is judged by an absolute rise."""
