"""wrk as the client: one thread, requests like the ones that the OpenAI SDK sends."""

from __future__ import annotations

import json
import os
import subprocess

from dataclasses import dataclass
from pathlib import Path

from benchmarks.servers import environment, find


_SCRIPT = """
wrk.method = "POST"
wrk.path = "/v1/chat/completions"
wrk.body = '{"model":"m","messages":[{"role":"user","content":"' .. string.rep("x", 900) .. '"}]}'
wrk.headers["Accept"] = "application/json"
wrk.headers["Accept-Encoding"] = "gzip, deflate"
wrk.headers["Authorization"] = "Bearer sk-0123456789012345678901234567890123456789"
wrk.headers["Connection"] = "keep-alive"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["User-Agent"] = "OpenAI/Python 1.60.0"
wrk.headers["X-Stainless-Arch"] = "x64"
wrk.headers["X-Stainless-Async"] = "false"
wrk.headers["X-Stainless-Lang"] = "python"
wrk.headers["X-Stainless-OS"] = "Linux"
wrk.headers["X-Stainless-Runtime"] = "CPython"
wrk.headers["X-User"] = "user-17"
local sent = 0
request = function()  -- one field of each request is new, as in life
  sent = sent + 1
  wrk.headers["X-Request-Id"] = string.format("00000000-0000-4000-8000-%012d", sent)
  return wrk.format()
end
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('\\n{"requests":%d,"errors":%d,"p50":%d,"p99":%d}\\n', summary.requests,
    e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(99)))
end
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one run of wrk saw."""

    requests: int
    errors: int
    p50_us: int
    p99_us: int


def run(folder: Path, port: int, *, connections: int, seconds: int, cpu: int) -> Load:
    """Send requests as fast as they are answered."""
    script = folder / "load.lua"
    script.write_text(_SCRIPT)
    process = subprocess.run(
        [
            find("wrk"),
            "-t1",
            f"-c{connections}",
            f"-d{seconds}s",
            "-s",
            str(script),
            f"http://127.0.0.1:{port}",
        ],
        capture_output=True,
        check=True,
        text=True,
        env=environment(),
        preexec_fn=lambda: os.sched_setaffinity(0, {cpu}),
    )
    said = json.loads(process.stdout.strip().splitlines()[-1])
    return Load(
        requests=said["requests"], errors=said["errors"], p50_us=said["p50"], p99_us=said["p99"]
    )
