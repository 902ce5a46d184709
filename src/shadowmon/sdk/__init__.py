"""
For code that already holds both answers: tell shadowmon of them, and go on.

    from shadowmon.sdk import Observer, answer, wire

Standard library only. Nothing in here ever raises into its caller, or makes it wait.
"""

from __future__ import annotations

from shadowmon.sdk.experiment import experiment
from shadowmon.sdk.line import answer, wire
from shadowmon.sdk.observer import Observer


__all__ = ["Observer", "answer", "experiment", "wire"]
