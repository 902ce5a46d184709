"""
Where did an error come from? In words that can be logged.

An error's message may quote what it stumbled over: a prompt, an answer, a key. A traceback shows it
once for each cause. Files and lines are ours, and say as much to whoever looks for the bug.
"""

from __future__ import annotations

import traceback


_FRAMES = 8


def whereabouts(error: BaseException) -> str:
    """Return the error's class and the last places it came through, innermost first."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    places = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in reversed(frames)]
    return " < ".join([type(error).__name__, *places])
