"""
What scoring costs, and whether it is right: `python -m benchmarks.scoring [TABLE ...]`.

Each family of measures has a file of its own with a `main(quick)`; a ratio is of two figures of one
run, rounds interleaved. `speed` is all of them, and what `python -m benchmarks scoring` prints.
The other tables say what the measures are worth: whether they equal the packages that they are
said to equal, whether they follow experts, and what each of them sees.
"""

from __future__ import annotations

from benchmarks.scoring.speed import main


__all__ = ["main"]
