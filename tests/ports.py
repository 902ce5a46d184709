"""
Ports for servers that must be told theirs beforehand.

A port that the system gave, and that was let go again, may be anybody's before our server is there:
another test's, or even that of a connection on its way out. So these come from below the range that
the system gives from (ip(7), ip_local_port_range), and each of the processes that tests run in has
a part of that for itself.
"""

from __future__ import annotations

import itertools
import os
import socket


_FIRST, _FOR_EACH, _PARTS = 20_000, 1_500, 8
_part = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _PARTS
_numbers = itertools.count(os.getpid())  # two runs at one time are not likely to meet


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on, another one each time."""
    while True:
        port = _FIRST + _part * _FOR_EACH + next(_numbers) % _FOR_EACH
        with socket.socket() as sock:
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:  # it is taken
                continue
        return port
