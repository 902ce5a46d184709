"""
Draw the terminal view for the README: `python -m tests.integration.observability.picture`.

Runs the demo, waits until int8 has half of the traffic, and writes what `shadowmon status` draws at
that moment as an SVG, by rich's own export.
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
import time

from pathlib import Path
from typing import Any

from deploy.observe import console_of, process
from rich.console import Console

from shadowmon.cli.client import Client, UnreachableError, from_environment
from shadowmon.console.picture import picture
from tests.integration.observability.boards import ROOT


WIDTH = 110
PATIENCE_SECONDS = 300.0
HALF = 5_000
PICTURE = ROOT / "docs" / "pictures" / "status.svg"


def main() -> int:
    """Run the demo and draw."""
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as running:
        folder = Path(name) / "demo"
        command = [sys.executable, "-m", "shadowmon", "demo", "--no-live", "--folder", str(folder)]
        demo = running.enter_context(process(command, log=Path(name) / "log"))
        daemon = from_environment(f"http://{console_of(folder / 'shadowmon.yaml', demo)}")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            time.sleep(0.3)
            with contextlib.suppress(UnreachableError):  # not up yet
                if weight(daemon) >= HALF:
                    draw(daemon)
                    return 0
    return 1


def weight(daemon: Client) -> int:
    """Return int8's weight in basis points."""
    trials: list[dict[str, Any]] = daemon.get("trials")["trials"]
    (found,) = [one for one in trials if one["id"] == "int8"]
    return int(found["desired_weight"]["basis_points"])


def draw(daemon: Client) -> None:
    """Write what `shadowmon status` shows now."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(picture(daemon.get("status"), daemon.get("trials"), WIDTH))
    PICTURE.parent.mkdir(exist_ok=True)
    svg = console.export_svg(title="shadowmon status", unique_id="shadowmon")
    # No fonts from strangers' servers: the reader's own monospaced one.
    kept = svg.partition("@font-face")[0] + svg[svg.rindex("@font-face") :].partition("}")[2]
    PICTURE.write_text(kept)


if __name__ == "__main__":
    sys.exit(main())
