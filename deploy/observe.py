"""
Prometheus and Alertmanager beside the demo, root-free: `make observe`.

Scrapes once a second, judges the rules that are shipped, and prints each notification as a pager
would get it. Everything is on loopback, in one temporary folder, and ends with Ctrl-C, or by itself
with `make observe ARGS="--seconds 120"`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml


ROOT = Path(__file__).resolve().parents[1]
RULES = sorted((ROOT / "deploy" / "prometheus").glob("*.rules.yml"))
SERVERS = ROOT / ".tools" / "servers" / "usr" / "bin"
START_SECONDS = 60.0
STOP_SECONDS = 15.0


@dataclass(frozen=True, kw_only=True)
class Observed:
    """What runs."""

    demo: subprocess.Popen[bytes]
    prometheus: str
    alertmanager: str
    folder: Path


@contextlib.contextmanager
def observing(
    folder: Path,
    *,
    keep_running: bool,
    notify: Callable[[dict[str, Any]], None],
    told: Callable[[dict[str, Any]], None],
) -> Iterator[Observed]:
    """
    Run the demo with Prometheus and Alertmanager beside it, for as long as the block takes.

    Args:
        folder: An empty one, for all that they write.
        keep_running: Does the demo go on after its story?
        notify: Told each notification, as Alertmanager's webhook sends it.
        told: Told each message of the daemon's own, as its webhook sends it.

    """
    prometheus, alertmanager = free_address(), free_address()
    with contextlib.ExitStack() as running:
        pager = running.enter_context(receiver(notify))
        more = ["--keep-running"] if keep_running else []
        demo = ["-m", "shadowmon", "demo", "--no-live", "--folder", str(folder / "demo"), *more]
        webhook = running.enter_context(receiver(told))
        more_settings = {"SHADOWMON_NOTIFY__WEBHOOKS__OBSERVER__URL": webhook}
        story = running.enter_context(process([sys.executable, *demo], settings=more_settings))
        console = console_of(folder / "demo" / "shadowmon.yaml", story)
        start_alertmanager(running, folder, alertmanager, pager=pager)
        start_prometheus(
            running, folder, prometheus, target=console, alertmanager=alertmanager, seconds=1.0
        )
        yield Observed(
            demo=story,
            prometheus=f"http://{prometheus}",
            alertmanager=f"http://{alertmanager}",
            folder=folder,
        )


def start_prometheus(
    running: contextlib.ExitStack,
    folder: Path,
    address: str,
    *,
    target: str,
    alertmanager: str,
    seconds: float,
    rules: Sequence[Path] = RULES,
) -> None:
    """Start a Prometheus with these rules that scrapes `target` as often as told."""
    every = f"{round(seconds * 1000)}ms"
    configuration = {
        "global": {"scrape_interval": every, "scrape_timeout": every, "evaluation_interval": every},
        "rule_files": list(map(str, rules)),
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
        "scrape_configs": [{"job_name": "shadowmon", "static_configs": [{"targets": [target]}]}],
    }
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump(configuration))
    command = [
        find("prometheus"),
        f"--config.file={file}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address={address}",
        "--enable-feature=exemplar-storage",
        "--log.level=warn",
    ]
    running.enter_context(process(command, log=folder / "prometheus.log"))


def start_alertmanager(
    running: contextlib.ExitStack, folder: Path, address: str, *, pager: str
) -> None:
    """Start an Alertmanager that sends everything to one webhook at once."""
    configuration = {
        "route": {
            "receiver": "pager",
            "group_by": ["alertname", "trial"],
            "group_wait": "0s",
            "group_interval": "1s",
        },
        "receivers": [{"name": "pager", "webhook_configs": [{"url": pager}]}],
    }
    file = folder / "alertmanager.yml"
    file.write_text(yaml.safe_dump(configuration))
    binary = find("prometheus-alertmanager")
    command = [
        binary,
        f"--config.file={file}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
        "--log.level=warn",
    ]
    beside = Path(binary).resolve().parents[1]  # its templates: see tests/fetch-servers.sh
    running.enter_context(process(command, log=folder / "alertmanager.log", cwd=beside))


# --- small things ---


@contextlib.contextmanager
def receiver(notify: Callable[[dict[str, Any]], None]) -> Iterator[str]:
    """Listen for Alertmanager's webhook; gives its address."""

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.end_headers()
            notify(json.loads(body))

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Webhook)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def process(
    command: Sequence[str],
    *,
    log: Path | None = None,
    cwd: Path = ROOT,
    settings: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command for as long as the block takes, at the longest; settings are environment."""
    with contextlib.ExitStack() as files:
        output = files.enter_context(log.open("wb")) if log else None
        environment = {**os.environ, **(settings or {})}
        running = subprocess.Popen(  # noqa: S603 - commands of ours
            command, stdout=output, stderr=output, cwd=cwd, env=environment
        )
        try:
            yield running
        finally:
            running.terminate()
            try:
                running.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()


def find(binary: str) -> str:
    """Return a server's path: on PATH, or where `make tools` puts it."""
    found = shutil.which(binary, path=os.pathsep.join([os.environ.get("PATH", ""), str(SERVERS)]))
    if found is None:
        sys.exit(f"{binary} is missing: run `make tools`")
    return found


def free_address() -> str:
    """Return host:port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        host, port = free.getsockname()
    return f"{host}:{port}"


def console_of(file: Path, story: subprocess.Popen[bytes]) -> str:
    """Wait until the demo has written its configuration; return where its daemon listens."""
    deadline = time.monotonic() + START_SECONDS  # noqa: TID251 - a script has no Clock
    while not file.exists():
        if story.poll() is not None or time.monotonic() > deadline:  # noqa: TID251
            sys.exit("the demo did not start")
        time.sleep(0.1)
    return str(yaml.safe_load(file.read_text())["console"]["listen"])


def _alerts(notification: dict[str, Any]) -> None:
    for alert in notification["alerts"]:
        summary = alert["annotations"]["summary"]
        print(f"  [{alert['status']}] {alert['labels']['severity']}: {summary}", flush=True)  # noqa: T201


def _message(told: dict[str, Any]) -> None:
    print(f"  [webhook] {told['type']}", flush=True)  # noqa: T201


def main() -> int:
    """
    Run until Ctrl-C, SIGTERM, or the time that was given.

    Returns:
        What the demo ended with; 0 once the time is up, 130 after a signal.

    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, help="end by itself after so long")
    seconds = parser.parse_args().seconds
    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # what was started is stopped then, too
    with tempfile.TemporaryDirectory(prefix="shadowmon-observe-") as name:
        try:
            with observing(
                Path(name), keep_running=True, notify=_alerts, told=_message
            ) as observed:
                print(f"Prometheus: {observed.prometheus}/alerts", flush=True)  # noqa: T201
                print(f"Alertmanager: {observed.alertmanager}", flush=True)  # noqa: T201
                return observed.demo.wait(seconds)
        except KeyboardInterrupt:
            return 130
        except subprocess.TimeoutExpired:
            return 0


if __name__ == "__main__":
    sys.exit(main())
