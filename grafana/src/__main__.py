"""`python -m grafana.src`: write the dashboards. `--check`: say whether they are as written."""

from __future__ import annotations

import argparse
import json
import sys

from collections.abc import Iterator
from pathlib import Path

from grafana.src import fleet
from grafana.src.boards import numbered
from grafana.src.daemon import board as daemon
from grafana.src.panels import encode
from grafana.src.trial import board as trial


FOLDER = Path(__file__).resolve().parents[1] / "dashboards"


def written() -> Iterator[tuple[Path, str]]:
    """Give each dashboard's file and what belongs into it."""
    for name, part in (("fleet", fleet), ("trial", trial), ("daemon", daemon)):
        content = numbered(json.loads(encode(part.dashboard())))
        yield FOLDER / f"{name}.json", json.dumps(content, indent=2, sort_keys=True) + "\n"


def main() -> int:
    """Write, or compare."""
    parser = argparse.ArgumentParser(prog="python -m grafana.src", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    if parser.parse_args().check:
        return int(any(path.read_text() != text for path, text in written()))
    for path, text in written():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
