"""
Record a demo run for the dashboards' tests: `python -m tests.integration.observability.record`.

Runs the demo once with a real Prometheus, the shipped rules and a real Alertmanager beside it, and
writes all that Prometheus then knows (metrics, recorded rules, ALERTS) as OpenMetrics with
timestamps, every second sample, compressed. The daemon's address is taken out. A demo that did not
end as it must is not kept.
"""

from __future__ import annotations

import gzip
import json
import sys
import tempfile
import time
import urllib.parse
import urllib.request

from collections import defaultdict
from pathlib import Path
from typing import Any

from deploy.observe import observing


RECORDED = Path(__file__).with_name("demo.openmetrics.gz")
EVERY_SECONDS = 2
INSTANCE = "127.0.0.1:9180"


def main() -> int:
    """Run the demo, and write the file."""
    with (
        tempfile.TemporaryDirectory() as name,
        observing(Path(name), keep_running=False, notify=ignore, told=ignore) as observed,
    ):
        code = observed.demo.wait()
        time.sleep(2)
        series = everything(observed.prometheus)
    if code:
        print(f"the demo ended with {code}: nothing was written")  # noqa: T201 - a script
        return code
    text = openmetrics(series)
    RECORDED.write_bytes(gzip.compress(text.encode(), mtime=0))
    print(f"{len(series)} series, {RECORDED.stat().st_size} bytes")  # noqa: T201
    return 0


def ignore(_: dict[str, Any]) -> None:
    """Whoever is told of alerts does nothing about them."""


def everything(prometheus: str) -> list[dict[str, Any]]:
    """Return every series with all of its samples."""
    query = '{__name__=~"shadowmon_.*|.*:shadowmon_.*|ALERTS|up|scrape_duration_seconds"}[10m]'
    url = f"{prometheus}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    with urllib.request.urlopen(url, timeout=60) as answer:
        found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
    return found


def openmetrics(series: list[dict[str, Any]]) -> str:
    """Write series down, one family after the other; all are gauges to whoever back-fills."""
    families: defaultdict[str, list[str]] = defaultdict(list)
    for each in series:
        labels = {**each["metric"]}
        name = labels.pop("__name__")
        if "instance" in labels:
            labels["instance"] = INSTANCE
        inside = ",".join(f"{key}={json.dumps(value)}" for key, value in sorted(labels.items()))
        samples = thinned(each["values"])
        families[name] += [f"{name}{{{inside}}} {value} {at}" for at, value in samples]
    lines = [
        line for name in sorted(families) for line in (f"# TYPE {name} gauge", *families[name])
    ]
    return "\n".join([*lines, "# EOF", ""])


def thinned(samples: list[tuple[float, str]]) -> list[tuple[int, str]]:
    """Return one sample for each few seconds, at whole seconds."""
    kept = {int(at) // EVERY_SECONDS: value for at, value in samples}
    return [(slot * EVERY_SECONDS, value) for slot, value in kept.items()]


if __name__ == "__main__":
    sys.exit(main())
