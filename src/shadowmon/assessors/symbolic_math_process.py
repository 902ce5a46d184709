"""
A prover: `python -m shadowmon.assessors.symbolic_math_process --fd N ...`.

It is sent two formulas at a time on the socket that it inherited and answers whether they are
equal, until the other side closes or dies. A frame is four bytes, the length of what follows, and
JSON: two strings one way, a word the other (once a complaint, empty if all is well; then findings).

Formulas come from models, and one line may ask for more digits than there is memory. Therefore each
proof is tried in a child of its own, forked from this process, which has one thread and has loaded
everything (that takes two seconds). The child is bounded in memory and killed at the deadline;
whatever it did to the caches of the algebra system dies with it, and the next one is there at once.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import enum
import json
import math
import os
import resource
import select
import signal
import socket
import sys

from collections.abc import Sequence

from shadowmon.assessors.symbolic_math_proof import Prove, complaint, load
from shadowmon.ipc.frames import framed, receive


_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_NICE = 10
_FINDING_BYTES = 16


class Finding(enum.StrEnum):
    """What came of two formulas."""

    EQUAL = "equal"
    DIFFERENT = "different"
    """Not proven equal; or not both are what the algebra system can read."""
    TIMEOUT = "timeout"
    MEMORY = "memory"
    CRASH = "crash"
    BUSY = "busy"
    """Not tried: earlier proofs took all the time there was (symbolic_math_pool.py)."""


def frame(message: object) -> bytes:
    """Return a message as it is sent."""
    return framed(json.dumps(message).encode())


def serve(sock: socket.socket, timeout_seconds: float) -> None:
    """Load what is needed and say so; then answer until the other side is gone."""
    prove = _loaded(sock)
    while prove is not None and (question := receive(sock)) is not None:
        one, other = json.loads(question)
        sock.sendall(frame(try_apart(prove, one, other, timeout_seconds)))


def _loaded(sock: socket.socket) -> Prove | None:
    """Tell the other side that all is well, or what is not; in that case return None."""
    try:
        prove = load()
        problem = complaint(prove)
    except Exception as error:  # noqa: BLE001 - whatever a broken installation raises
        sock.sendall(frame(f"{type(error).__name__}: {error}"))
        return None
    sock.sendall(frame(problem))
    return None if problem else prove


def try_apart(prove: Prove, one: str, other: str, timeout_seconds: float) -> Finding:
    """Try a proof in a child process, and kill it when the time is over."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writer, _try(prove, one, other, timeout_seconds).encode())
        finally:
            os._exit(0)  # nothing of the parent's is cleaned up
    os.close(writer)
    try:
        is_told, _, _ = select.select([reader], [], [], timeout_seconds)
        told = os.read(reader, _FINDING_BYTES) if is_told else Finding.TIMEOUT.encode()
    finally:
        os.close(reader)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return Finding(told.decode() or Finding.CRASH)


def _try(prove: Prove, one: str, other: str, timeout_seconds: float) -> Finding:
    _die_with_parent()
    _limit(resource.RLIMIT_CPU, math.ceil(timeout_seconds) + 1)
    try:
        return Finding.EQUAL if prove(one, other) else Finding.DIFFERENT
    except MemoryError:
        return Finding.MEMORY
    except Exception:  # noqa: BLE001 - whatever an algebra system does with a stranger's formula
        return Finding.CRASH


def _limit(what: int, most: int) -> None:
    """Have the kernel refuse more, for good; a stricter limit stands."""
    _, hard = resource.getrlimit(what)
    size = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (size, size))


def _die_with_parent() -> None:
    """
    Ask the kernel to kill this process when its parent dies (prctl(2)), even if it hangs.

    A parent that died before this call has closed the socket, which ends `serve`.
    """
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def main(arguments: Sequence[str]) -> int:
    """Serve on the inherited socket; return the exit code."""
    parser = argparse.ArgumentParser(prog="shadowmon.assessors.symbolic_math_process")
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--timeout-seconds", type=float, required=True)
    parser.add_argument("--memory-max-bytes", type=int, required=True)
    wanted = parser.parse_args(arguments)
    _die_with_parent()
    for ignored in (signal.SIGINT, signal.SIGTERM):  # they reach a whole service, which drains
        signal.signal(ignored, signal.SIG_IGN)
    os.nice(_NICE)
    _limit(resource.RLIMIT_CORE, 0)  # a core would hold users' texts
    _limit(resource.RLIMIT_AS, wanted.memory_max_bytes)
    with socket.socket(fileno=wanted.fd) as sock, contextlib.suppress(ConnectionError):
        serve(sock, wanted.timeout_seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
