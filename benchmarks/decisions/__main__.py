"""python -m benchmarks.decisions [--quick | --full] [--write FILE] [TABLE ...]."""

from __future__ import annotations

import argparse
import sys

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from benchmarks.decisions import document
from benchmarks.decisions.catalogue import TABLES
from benchmarks.decisions.table import Effort, Table


def main() -> int:
    """Print the tables, all of them or the ones named; return 1 if a check does not hold."""
    asked = _arguments()
    broken: list[str] = []

    def make(name: str, effort: Effort) -> Table:
        begin = perf_counter()
        made = TABLES[name](effort)
        broken.extend(f"{name}: {sentence}" for sentence in made.broken)
        print(f"## {name} --{effort}, {perf_counter() - begin:.0f} s\n\n{made.markdown()}\n")
        sys.stdout.flush()
        return made

    if asked.write is None:
        for name in asked.tables or TABLES:
            make(name, Effort.FULL if asked.full else Effort.QUICK)
    else:
        _write(asked.write, asked.tables, make)
    for sentence in broken:
        print(f"BROKEN {sentence}", file=sys.stderr)
    return bool(broken)


def _write(path: Path, names: list[str], make: Callable[[str, Effort], Table]) -> None:
    for block in document.blocks(path.read_text()):
        if names and block.name not in names:
            continue
        made = make(block.name, block.effort)
        # Read again: what people wrote while a long table was made must not be undone.
        today = datetime.now(UTC).date()
        path.write_text(document.with_table(path.read_text(), block, made, today=today))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decisions", description=__doc__)
    effort = parser.add_mutually_exclusive_group()
    effort.add_argument("--quick", action="store_true", help="rough figures, a minute (default)")
    effort.add_argument("--full", action="store_true", help="the figures of the documents")
    parser.add_argument(
        "--write",
        type=Path,
        metavar="FILE",
        help="make the tables of this document again, each with the effort that stands there",
    )
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=", ".join(TABLES))
    asked = parser.parse_args()
    if unknown := sorted(set(asked.tables) - set(TABLES)):
        parser.error(f"no table is called {', '.join(unknown)}; there are: {', '.join(TABLES)}")
    return asked


if __name__ == "__main__":
    sys.exit(main())
