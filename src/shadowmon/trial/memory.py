"""All that a trial remembers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from shadowmon.evidence.alarm import Alarm
from shadowmon.evidence.coverage import Coverage
from shadowmon.policy.judge import NOTHING_PROVEN, Average
from shadowmon.policy.rules import Rule
from shadowmon.records import Command, Evidence, Phase, RolloutState, SliceName, Verdict
from shadowmon.trial.feedback import Complaints
from shadowmon.trial.sums import Sums


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """All that a trial remembers."""

    state: RolloutState
    chain: Mapping[str, Any] = field(default_factory=dict)
    """The restart chain's, see evidence/restart.py."""
    variance_ratio: float | None = None
    """The last that was known: a worker that begins anew knows none for a while, and a proof must
    not become strong again for that."""
    verdict: Verdict | None = None
    evidence: Mapping[Rule, Evidence] = field(default_factory=dict)
    totals: Sums = field(default_factory=dict)
    average: Average = NOTHING_PROVEN
    pairs: int = 0
    pairs_in_stage: int = 0
    first_stage: int = 0
    """The stage in which the present epoch was first weighed; 0: it was not yet."""
    last_pair_at: datetime | None = None
    blocked: str = ""
    said: tuple[str, ...] = ()
    """What the newest journalled verdict said, in short; when that changes, it is said again."""
    rejected: str = ""
    """Why the weight could not be applied, as journalled last."""
    pending: tuple[str, ...] = ()
    """What the configuration would loosen and is not in force: see policy/loosening.py."""
    began_at: datetime | None = None
    """When the present epoch's evidence was first weighed."""
    complaints: Complaints = Complaints()  # noqa: RUF009 - frozen
    """What users said in the present stage."""
    alarms: Mapping[Rule, Alarm] = field(default_factory=dict)
    coverage: Mapping[SliceName, Coverage] = field(default_factory=dict)
    """Of each slice that a rule is about."""

    @property
    def stage_number(self) -> int:
        """
        Which of its epoch's stages that were weighed the present one is, from 1.

        Where all traffic is held nobody asks for a climb: that is still the stage before.
        """
        first = self.first_stage or self.state.stage_count
        return max(1, 1 + self.state.stage_count - first - (self.state.phase is Phase.PROMOTED))


Change: TypeAlias = tuple[Memory, tuple[Command, ...]]
"""What is remembered after something happened, and what must be done about it, in order."""
