"""
Become another program of this Python's, one that is told to end when the story does.

    python -m shadowmon.demo.leash PARENT ARGUMENTS...     becomes     python ARGUMENTS...

However the story dies, the kernel then sends SIGTERM (the wish outlives execve, prctl(2)), and no
daemon and no model server is left behind.
"""

from __future__ import annotations

import os
import sys

from shadowmon.daemon.children import die_with_parent


def main() -> None:
    """Put the leash on, and become the program."""
    parent, *arguments = sys.argv[1:]
    die_with_parent(int(parent))
    os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606 - the story's own arguments


if __name__ == "__main__":
    main()
