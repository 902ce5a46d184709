"""
python -m benchmarks [--quick] [NAME ...]: print the tables, all of them or the ones named.

`--write PAGE` also puts each table that the page has a place for there (`document`).
"""

from __future__ import annotations

import argparse
import contextlib
import io

from datetime import UTC, datetime
from pathlib import Path

from benchmarks import (
    evidence,
    ext_proc,
    hazards,
    proxy,
    real_trials,
    sandbox,
    scoring,
    scrape,
    start,
    users,
)
from benchmarks.document import tables, with_table


TABLES = {
    "proxy": proxy.main,
    "hazards": hazards.main,
    "users": users.main,
    "ext_proc": ext_proc.main,
    "scoring": scoring.main,
    "evidence": evidence.main,
    "sandbox": sandbox.main,
    "scrape": scrape.main,
    "start": start.main,
    "real-trials": real_trials.main,
}


def main() -> None:
    """Run what is asked for, one table after the other."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, rougher figures")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(TABLES))
    parser.add_argument("--write", type=Path, metavar="PAGE", help="where tables are put, too")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(TABLES):
        parser.error(
            f"no table is called {', '.join(sorted(unknown))}; there are: {', '.join(TABLES)}"
        )
    for name in asked.names or TABLES:
        printed = _printed(name, quick=asked.quick)
        if asked.write and name in tables(asked.write.read_text()):
            text, today = asked.write.read_text(), datetime.now(UTC).date()
            asked.write.write_text(with_table(text, name, printed, today=today))


def _printed(name: str, *, quick: bool) -> str:
    """Print a table; return it, too."""
    with contextlib.redirect_stdout(io.StringIO()) as told:
        TABLES[name](quick)
    print(told.getvalue(), end="", flush=True)
    return told.getvalue()


if __name__ == "__main__":
    main()
