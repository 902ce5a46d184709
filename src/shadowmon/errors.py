"""
Every exception shadowmon raises on purpose.

One base class, one leaf for each *place that handles it differently*; a new
leaf needs a new handler. What a model does wrong is no exception: it is a
`Reply` whose outcome says so.
"""

from __future__ import annotations

from dataclasses import dataclass


class ShadowmonError(Exception):
    """Anything shadowmon itself complains about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """One thing that is wrong with a configuration: where, what was found, what to do."""

    key: str
    problem: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.key}: {self.problem}" + (f" ({self.hint})" if self.hint else "")


class ConfigError(ShadowmonError):
    """
    The configuration cannot be used. The daemon does not start (exit code 2), or keeps the old one.

    Carries every complaint at once, each with the key it is about, so that a person mends a file
    in one go.
    """

    def __init__(self, *complaints: Complaint, origin: str = "") -> None:
        self.complaints = complaints
        self.origin = origin
        prefix = f"{origin}: " if origin else ""
        super().__init__("\n".join(f"{prefix}{complaint}" for complaint in complaints))


class CodecError(ShadowmonError):
    """These bytes are not what the codec reads. The exchange is counted and let go."""


class ScorerError(ShadowmonError):
    """A scorer failed on a pair. Its observations are lost and counted; the others stand."""


class ActuatorError(ShadowmonError):
    """The weight could not be set or read. Becomes a `WeightRejected`."""


class StoreError(ShadowmonError):
    """The journal cannot be written. The rollout holds until it can; drops still go."""


class RefusedError(ShadowmonError):
    """A person asked for what may not be done now. The message says why; the API answers 409."""


class BrokenInvariantError(ShadowmonError):
    """A bug. The trial freezes where it stands, and people are told."""
