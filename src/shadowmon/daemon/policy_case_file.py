"""
The form of a file of policy cases, for `shadowmon test-policy`.

A case drives the trial that the daemon would drive, with its own configuration and no traffic:

    config: shadowmon.yaml
    cases:
      - name: as good as the baseline climbs
        trial: int8                            # may be left out if there is only one
        steps:
          - pairs: 1000                        # scored, and answered by both models
            count:
              correct: {both_yes: 880, baseline_only: 10, optimized_only: 10, both_no: 100}
              correct@bank: {both_yes: 90, both_no: 10}      # in a slice
              chrf_divergence: {0: 900, 0.25: 90, missing: 10}
              preference: {1/0.5: 20}                        # baseline's figure / optimized's
            wait_seconds: 600
            expect: {decision: promote, grade: accept, phase: progressing, weight_percent: 1}

A step may also say `gate: {phase, grade}`, `operator: {operation, name, reason}` and
`felt: {optimized: {replies, complaints}}`. At the end of each the time has passed and the daemon
ticks; `expect` may name decision, grade, phase, weight_percent, rule (the deciding one's name) and
blocked (a part of the text; "" for nothing in the way).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shadowmon.records import Arm, Decision, Grade, Operation, Phase


class _Part(BaseModel):
    # Numbers may stand where a name is asked for: the distances of `count` need no quotes.
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


class Expected(_Part):
    """What must be so after a step; what is left out may be anything."""

    decision: Decision | None = None
    grade: Grade | None = None
    phase: Phase | None = None
    weight_percent: Annotated[float, Field(ge=0, le=100)] | None = None
    rule: str | None = None
    blocked: str | None = None


class GateStep(_Part):
    """The result of a phase before the shadow."""

    phase: Phase
    grade: Grade


class OperatorStep(_Part):
    """What a person asks for."""

    operation: Operation
    name: str = "test"
    reason: str = "test"


class FeltStep(_Part):
    """What users said of an arm's replies."""

    replies: Annotated[int, Field(ge=0)] = 0
    complaints: Annotated[int, Field(ge=0)] = 0
    thumbs_up: Annotated[int, Field(ge=0)] = 0


class Step(_Part):
    """What happens, and what is expected of it."""

    pairs: Annotated[int, Field(ge=0)] = 0
    count: dict[str, dict[str, Annotated[int, Field(ge=0)]]] = {}
    felt: dict[Arm, FeltStep] = {}
    gate: GateStep | None = None
    operator: OperatorStep | None = None
    wait_seconds: Annotated[float, Field(ge=0)] = 1.0
    expect: Expected = Expected()


class Case(_Part):
    """One story."""

    name: str
    trial: str | None = None
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]


class CaseFile(_Part):
    """A file of cases."""

    config: str | None = None
    """Beside the file; a flag may name another."""
    cases: Annotated[tuple[Case, ...], Field(min_length=1)]
