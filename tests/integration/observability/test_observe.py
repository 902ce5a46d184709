"""`make observe`, as a person runs it: real servers beside the demo, and an alert to look at."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import subprocess
import sys
import time
import urllib.request

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Prometheus, find
from tests.integration.observability.boards import ROOT, alerts


ALERT_SECONDS = 120.0
"""The first red line is crossed a few seconds after the start; a busy machine takes longer."""


@contextlib.contextmanager
def observe(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Run it; gives the process, and what it has said so far."""
    command = [sys.executable, "-m", "deploy.observe", *arguments]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        said: list[str] = []
        try:
            yield running, said
        finally:
            running.terminate()
            running.wait(30)


def read_until(running: subprocess.Popen[str], said: list[str], wanted: str) -> re.Match[str]:
    """Return the first line that has what is wanted; reads on if none had it yet."""
    deadline = time.monotonic() + ALERT_SECONDS
    assert running.stdout
    while not (found := re.search(wanted, "".join(said))):
        line = running.stdout.readline()
        assert line, said
        assert time.monotonic() < deadline, said
        said.append(line)
    return found


def left_behind(folder: str) -> list[str]:
    """Return the command lines of living processes that name the folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has just ended
            line = process.read_bytes().replace(b"\0", b" ").decode()
            if folder in line:
                found.append(line)
    return found


@pytest.mark.slow
def test_alert_is_seen_and_nothing_is_left() -> None:
    """An alert reaches the terminal and both servers' pages; after SIGTERM all of it has ended."""
    find("prometheus")
    find("prometheus-alertmanager")
    with observe() as (running, said):
        prometheus = Prometheus(read_until(running, said, r"Prometheus: (http\S+)/alerts")[1])
        alertmanager = read_until(running, said, r"Alertmanager: (http\S+)")[1]
        folder = read_until(running, said, r"(\S+shadowmon-observe-\w+)/demo/shadowmon.yaml")[1]
        told = read_until(running, said, r"\[firing\] (page|ticket): Trial (\w+) ")

        firing = prometheus.get("/api/v1/query?query=ALERTS%7Balertstate%3D%22firing%22%7D")
        with urllib.request.urlopen(f"{alertmanager}/api/v2/alerts", timeout=5) as answer:
            known = json.load(answer)
        running.send_signal(signal.SIGTERM)
        code = running.wait(60)

    names = {one["metric"]["alertname"] for one in firing["result"]}
    assert names
    assert names <= {alert["alert"] for alert in alerts()}
    assert told[2] in {one["labels"].get("trial") for one in known}
    assert code == 130
    assert left_behind(folder) == []


@pytest.mark.slow
def test_it_ends_by_itself_when_told() -> None:
    """With `--seconds` nobody has to be there to end it."""
    find("prometheus")
    with observe("--seconds", "5") as (running, said):
        read_until(running, said, r"Alertmanager: http")
        code = running.wait(60)

    assert code == 0
