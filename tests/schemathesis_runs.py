"""schemathesis as its own command, held against a server on loopback."""

from __future__ import annotations

import subprocess
import sys

from pathlib import Path
from tempfile import TemporaryDirectory


SETTINGS = Path(__file__).parent / "data" / "openapi" / "schemathesis.toml"
TIMEOUT_SECONDS = 120.0
_LINE_MAX = 300


def failures(
    document: str | Path, url: str, *options: str, examples: int = 3, seconds: int = 10
) -> str:
    """
    Hold a server to a document; return what schemathesis says, empty if nothing failed.

    Args:
        document: A file, or where it is served.
        url: Of the server.
        options: Further ones of schemathesis.
        examples: Generated for each operation, beside those that its schema's corners give.
        seconds: That generating them may take at most; the corners are always tried.

    """
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(SETTINGS), "run"]
    limits = ["--max-examples", str(examples), "--max-time", str(seconds), "--no-shrink"]
    shown = ["--continue-on-failure", "--no-color", "--warnings", "off"]
    with TemporaryDirectory() as folder:  # it leaves a cache where it runs
        found = subprocess.run(
            [*command, str(document), "--url", url, *limits, *shown, *options],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
            cwd=folder,
        )
    if found.returncode == 0:
        assert "passed" in found.stdout, found.stdout
        return ""
    lines = (found.stdout + found.stderr).splitlines()
    return "\n".join(line[:_LINE_MAX] for line in lines)
