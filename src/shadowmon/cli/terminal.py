"""Words to people: answers on stdout, complaints on stderr."""

from __future__ import annotations

import sys


def say(text: str = "") -> None:
    """Answer."""
    sys.stdout.write(text + "\n")


def complain(text: str) -> None:
    """Say what is wrong."""
    sys.stderr.write(text + "\n")
