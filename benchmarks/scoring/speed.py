"""All that is measured of speed, one family after the other."""

from __future__ import annotations

from benchmarks.scoring import pool, structure, text


def main(quick: bool) -> None:
    """Print all figures; a quick run takes fewer rounds, and its figures are rougher."""
    text.main(quick)
    structure.main(quick)
    pool.main(quick)
