"""
Programs that try to get out, to use up the machine, or to pass without being right.

Each comes to its end only if its attack succeeded, unless it says otherwise; so whatever passes has
escaped. They are harmless to run where they succeed: they read, or write a trace, or knock.
"""

from __future__ import annotations

from collections.abc import Sequence

from shadowmon.assessors.sandbox.attacks import exhausting, forging, kernel, reaching_out
from shadowmon.assessors.sandbox.attacks.attack import Attack, Scene


__all__ = ["HARMLESS", "Attack", "Scene", "attacks"]

HARMLESS = "harmless"
"""The name of the program that only asks whether the sandbox comes up."""


def attacks() -> Sequence[Attack]:
    """Return all programs, for this machine; first the one called `HARMLESS`."""
    return (
        *forging.HONEST,
        *reaching_out.ATTACKS,
        *kernel.attacks(),
        *exhausting.ATTACKS,
        *forging.ATTACKS,
    )
