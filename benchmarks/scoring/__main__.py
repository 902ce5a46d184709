"""python -m benchmarks.scoring [--quick] [--data FOLDER] [TABLE ...]."""

from __future__ import annotations

import argparse

from collections.abc import Callable
from pathlib import Path

from benchmarks import scoring_math
from benchmarks.scoring import degraded, experts, marked, parity, receipts_and_calls, speed


TABLES: dict[str, Callable[[bool, Path | None], None]] = {
    "speed": lambda quick, _: speed.main(quick),
    "parity": parity.main,
    "summeval": experts.main,
    "degraded": degraded.main,
    "marked": marked.main,
    "structure": receipts_and_calls.main,
    "math": scoring_math.main,
}


def main() -> None:
    """Print the tables, all of them or the ones named."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scoring", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds or pairs")
    parser.add_argument(
        "--data",
        type=Path,
        metavar="FOLDER",
        help="holds paired/, summeval/, gsm8k/, … (default: the excerpts in tests/data)",
    )
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=", ".join(TABLES))
    asked = parser.parse_args()
    if unknown := sorted(set(asked.tables) - set(TABLES)):
        parser.error(f"no table is called {', '.join(unknown)}; there are: {', '.join(TABLES)}")
    for name in asked.tables or TABLES:
        TABLES[name](asked.quick, asked.data)


if __name__ == "__main__":
    main()
