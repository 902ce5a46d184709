"""What comes later than the pair: truth, preferences, complaints."""

from __future__ import annotations

import enum

from dataclasses import dataclass
from datetime import datetime

from shadowmon.records.events import Arm
from shadowmon.records.names import ExchangeId, SliceName, TrialId


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """The truth about an exchange, told after it."""

    exchange_id: ExchangeId
    label: str


class FeedbackKind(enum.StrEnum):
    """What a user said of a reply."""

    COMPLAINT = "complaint"
    THUMB_DOWN = "thumb_down"
    THUMB_UP = "thumb_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """
    What a user said of the reply that they got.

    Of one exchange; or, where that is not known, of a trial's arm and a moment.
    """

    kind: FeedbackKind
    exchange_id: ExchangeId | None = None
    trial_id: TrialId | None = None
    arm: Arm | None = None
    at: datetime | None = None
    """When the reply was given; None: just now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """A user got this arm's reply to this exchange."""

    trial_id: TrialId
    epoch: int
    stage: int
    exchange_id: ExchangeId
    arm: Arm
    received_at: datetime
    """When the exchange was received: whatever share was in force then chose the arm."""
    asker: str = ""
    """A digest of the user or session; empty if it is not known."""


class Choice(enum.StrEnum):
    """What a reviewer said of two answers, once it is known which was which."""

    BASELINE = "baseline"
    OPTIMIZED = "optimized"
    TIE = "tie"
    BOTH_BAD = "both_bad"
    SKIP = "skip"
    """Does not want to say; the task is not shown to them again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """A person's blinded choice between two answers."""

    trial_id: TrialId
    epoch: int
    task: ExchangeId
    """The recorded pair's id."""
    reviewer: str
    choice: Choice
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaiting:
    """A scored pair that waits for its label: a digest of what each model said, and no text."""

    trial_id: TrialId
    epoch: int
    exchange_id: ExchangeId
    baseline: str | None
    """None if it failed to say anything (scoring/truth.py)."""
    optimized: str | None
    slices: frozenset[SliceName]
    received_at: datetime
    rate: int = 10_000
    cluster: str = ""
    stage: int = 0
    """Always 0: quality is counted over the whole epoch."""
