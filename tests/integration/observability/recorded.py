"""
A real Prometheus that knows what one was told during a demo run (record.py), and of assessors
(record_assessed.py), laid beside it as if both had begun at one time.
"""

from __future__ import annotations

import contextlib
import gzip
import re
import subprocess
import urllib.parse

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.observe import free_address, process

from tests.conftest import Prometheus, find, wait_until
from tests.integration.observability.record import EVERY_SECONDS, RECORDED
from tests.integration.observability.record_assessed import ASSESSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What was recorded, to be asked."""

    server: Prometheus
    first: int
    """Seconds since the epoch: the oldest sample."""
    last: int

    def asked(self, expr: str) -> list[Any]:
        """Return the series of a query over the whole time, or a label's values."""
        label = re.fullmatch(r"label_values\((.+), (\w+)\)", expr)
        given: dict[str, Any] = {"start": self.first, "end": self.last}
        if label:
            path = f"label/{label[2]}/values"
            given["match[]"] = label[1]
        else:
            path = "query_range"
            given |= {"query": expr, "step": EVERY_SECONDS}
        found = self.server.get(f"/api/v1/{path}?{urllib.parse.urlencode(given)}")
        return list(found if label else found["result"])


@contextlib.contextmanager
def recorded(folder: Path) -> Iterator[Recorded]:
    """Run a Prometheus on the recording for as long as the block takes."""
    demo, assessed = lines_of(RECORDED), lines_of(ASSESSED)
    times = [moment(line) for line in demo if not line.startswith("#")]
    first = min(times)
    file = folder / "known.openmetrics"
    file.write_text("\n".join([*demo, *begun_at(first, assessed), "# EOF", ""]))
    subprocess.run(
        [find("promtool"), "tsdb", "create-blocks-from", "openmetrics", file, folder / "data"],
        check=True,
        capture_output=True,
        timeout=60,
    )
    (folder / "prometheus.yml").write_text("global: {}\n")
    address = free_address()
    command = [
        find("prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
        "--storage.tsdb.retention.time=100y",
        "--log.level=error",
    ]
    server = Prometheus(f"http://{address}")
    with process(command):
        wait_until(lambda: _is_up(server), seconds=15)
        yield Recorded(server=server, first=first, last=max(times))


def lines_of(file: Path) -> list[str]:
    """Return the lines of a recording, but for the one that ends it."""
    return gzip.decompress(file.read_bytes()).decode().splitlines()[:-1]


def moment(line: str) -> int:
    """Return when a line's sample was taken."""
    return int(line.rsplit(" ", 1)[1])


def begun_at(first: int, lines: list[str]) -> Iterator[str]:
    """Give a recording as if its first sample had been taken at another time."""
    shift = first - min(moment(line) for line in lines if not line.startswith("#"))
    for line in lines:
        is_sample = not line.startswith("#")
        yield f"{line.rsplit(' ', 1)[0]} {moment(line) + shift}" if is_sample else line


def filled_in(expr: str, *, plain: Mapping[str, str], several: Mapping[str, str]) -> str:
    """
    Put values in the places of variables, as Grafana does.

    Args:
        expr: A query.
        plain: What stands there -> the value.
        several: A variable that can have several values -> a regular expression for them.

    """
    for name, value in several.items():
        expr = expr.replace(f'=~"${name}"', f'=~"{value}"')
    for name, value in plain.items():
        expr = expr.replace(name, value)
    assert "$" not in expr, expr
    return expr


def _is_up(server: Prometheus) -> bool:
    try:
        server.get("/api/v1/status/buildinfo")
    except OSError:
        return False
    return True
