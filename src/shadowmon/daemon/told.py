"""What a journal told of one trial so far: where it stood, and which rules were in force."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from shadowmon.daemon.parts import config_hash
from shadowmon.policy.rules import Rule
from shadowmon.records import NO_TRAFFIC, Claim, EntryKind, Phase, Weight
from shadowmon.store.store import Row


class Told:
    """What the journal told of one trial so far."""

    def __init__(self) -> None:
        self.weight: Weight = NO_TRAFFIC
        self._phase = ""
        self._stages = 0
        """Of its epoch that were weighed; 0: none was yet."""
        self.config_hash = ""
        self.rules: tuple[Rule, ...] = ()

    def hear(self, row: Row) -> None:
        """Take in an entry."""
        data = row.entry.data
        if row.entry.kind in {EntryKind.STAGE_ENTERED, EntryKind.EPOCH_OPENED}:
            self.weight = Weight(data.get("weight", self.weight))
        match row.entry.kind:
            case EntryKind.EPOCH_OPENED:
                self._stages = 0
            case EntryKind.VERDICT:
                self._stages = self._stages or 1
            case EntryKind.STAGE_ENTERED:
                self._stages += self._stages > 0
                self._phase = data.get("phase", "")
            case _:
                pass
        if "plan" in data:
            self.config_hash = config_hash(data["plan"])
            self.rules = msgspec.convert(data["plan"][0], tuple[Rule, ...])

    @property
    def stage_number(self) -> int:
        """See `Memory.stage_number`."""
        return max(1, self._stages - (self._phase == Phase.PROMOTED))

    def rule(self, reason: Mapping[str, Any]) -> Rule | None:
        """Return the rule that a reason of that time is of."""
        claim = msgspec.convert(reason["claim"], Claim)
        named = (rule for rule in self.rules if rule.name == reason["rule"])
        return next((rule for rule in named if rule.claim == claim), None)
