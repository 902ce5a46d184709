"""
Draw the README's picture of a dashboard: `python -m tests.integration.observability.trial_picture`.

Starts a real Prometheus on the recorded demo run, asks it what the panels of *Trial* ask, and draws
the answers (grafana/drawing). It is no screenshot of Grafana's, and the picture says so.
"""

from __future__ import annotations

import math
import re
import sys
import tempfile

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grafana.drawing.board import picture
from grafana.drawing.panel import Filled, Mark, Series, Span, legend
from grafana.drawing.svg import COLOURS

from tests.integration.observability.boards import ROOT, dashboards, panels
from tests.integration.observability.record import EVERY_SECONDS
from tests.integration.observability.recorded import Recorded, filled_in, recorded


PICTURE = ROOT / "docs" / "pictures" / "trial.svg"
SENTENCE = "a recorded demo run; answers of a real Prometheus, drawn without Grafana"
SHOWN = (
    "Phase",
    "Weight",
    "In this stage for",
    "Pairs in this stage",
    "Stages",
    "What is proven",
    "$metric: its interval against its limits",
    "Proof of all rules that take weight away",
    "What became of this trial's exchanges",
    "How long replies take",
)
CHOSEN = {"$trial": "int8", "$metric": "correct", "$slice": "all"}
PLAIN = {"$__rate_interval": f"{2 * EVERY_SECONDS}s", **CHOSEN}


def main() -> int:
    """Ask and draw."""
    with tempfile.TemporaryDirectory() as name, recorded(Path(name)) as known:
        drawn = drawing(known)
    PICTURE.write_text(drawn)
    return 0


def drawing(known: Recorded) -> str:
    """Return the picture."""
    board = dashboards()["trial"]
    span = Span(start=known.first, end=known.last)
    marks = list(annotated(board, known))
    by_title = {panel["title"]: panel for panel in panels(board)}
    shown = [
        (
            plain(title),
            Filled(
                panel=by_title[title],
                series=list(answers(by_title[title], known)),
                span=span,
                marks=marks,
            ),
        )
        for title in SHOWN
    ]
    return picture(f"{board['title']}: {CHOSEN['$trial']}", SENTENCE, shown)


def answers(panel: dict[str, Any], known: Recorded) -> Iterator[Series]:
    """Give the series of a panel's queries."""
    for target in panel["targets"]:
        for found in known.asked(plain(target["expr"])):
            points = [(float(at), float(value)) for at, value in found["values"]]
            kept = [(at, value) for at, value in points if math.isfinite(value)]
            if kept:
                yield Series(name=legend(target["legendFormat"], found["metric"]), points=kept)


def annotated(board: dict[str, Any], known: Recorded) -> Iterator[Mark]:
    """Give the moments at which an annotation's query begins to have a value."""
    for mark in board["annotations"]["list"]:
        for found in known.asked(plain(mark["expr"])):
            times = [float(at) for at, _ in found["values"]]
            for before, at in zip([-math.inf, *times], times, strict=False):
                if at - before > 2 * EVERY_SECONDS:
                    yield Mark(at=at, colour=COLOURS[mark["iconColor"]])


def plain(text: str) -> str:
    """Put the chosen values in the places of variables."""
    several = {name.removeprefix("$"): re.escape(value) for name, value in CHOSEN.items()}
    return filled_in(text, plain=PLAIN, several=several)


if __name__ == "__main__":
    sys.exit(main())
