"""python -m benchmarks [--quick] [NAME ...]: print the tables, all of them or the ones named."""

from __future__ import annotations

import argparse

from benchmarks import evidence, proxy, real_trials, sandbox, scoring, scrape, users


TABLES = {
    "proxy": proxy.main,
    "users": users.main,
    "scoring": scoring.main,
    "evidence": evidence.main,
    "sandbox": sandbox.main,
    "scrape": scrape.main,
    "real-trials": real_trials.main,
}


def main() -> None:
    """Run what is asked for, one table after the other."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, rougher figures")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(TABLES))
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(TABLES):
        parser.error(
            f"no table is called {', '.join(sorted(unknown))}; there are: {', '.join(TABLES)}"
        )
    for name in asked.names or TABLES:
        TABLES[name](asked.quick)


if __name__ == "__main__":
    main()
