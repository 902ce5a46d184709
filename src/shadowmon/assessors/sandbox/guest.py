"""
What runs inside the sandbox: `python -I -S -B -c <this text> <text of landlock.py> <options>`.

Descriptors: 0 the program's parts, parted by NUL; 1 and 2 output; 3 the word to say at the end;
4 where to say it. On 4 is written "S" before the program begins, then "P" and the word if it came
to its end, or "F" and the name of what it raised, and a line's end.

The word is read only after the last part has run, so that a program that exits, crashes or prints
what it likes has not passed. A program that knows all of this, and searches its own process for the
descriptor, can forge a pass: code and tests share a process, and nothing in it can be kept secret.
What it cannot do is get out.

The parts share one module, and are compiled apart: no part can swallow the next one's beginning.
"""

from __future__ import annotations

import os
import resource
import sys
import types


_PROGRAM, _WORD, _VERDICT = 0, 3, 4
_WORD_BYTES = 32
_NAME_MAX = 60


def main() -> None:
    """Lock the last door, run the program, say how it ended."""
    processes_max, readable, writable = sys.argv[2:5]
    parts = _read_all(_PROGRAM).split(b"\0")
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, _PROGRAM)
    os.close(null)
    if writable:
        _lock(readable.split(":"), writable.split(":"))
    resource.setrlimit(resource.RLIMIT_NPROC, (int(processes_max), int(processes_max)))
    sys.argv[1:] = []
    ours = os.getpid()
    os.write(_VERDICT, b"S")
    error = _run([part.decode("utf-8", "replace") for part in parts])
    if os.getpid() != ours:
        os._exit(0)  # a copy that the program made of this process
    if error:
        os.write(_VERDICT, b"F" + error[:_NAME_MAX].encode("ascii", "replace") + b"\n")
    else:
        os.write(_VERDICT, b"P" + os.read(_WORD, _WORD_BYTES) + b"\n")
    os._exit(0)


def _run(parts: list[str]) -> str:
    """Return the name of what the program raised; empty if it came to its end."""
    # Not "__main__": what an answer shows under `if __name__ == "__main__"` is a demonstration.
    module = types.ModuleType("answer")
    sys.modules["answer"] = module
    try:
        for part in parts:
            code = compile(part, "<answer>", "exec", dont_inherit=True)
            exec(code, module.__dict__)  # noqa: S102 - this is the place where it may
    except BaseException as error:  # noqa: BLE001 - an exit is no pass
        return type(error).__name__
    return ""


def _lock(readable: list[str], writable: list[str]) -> None:
    """Landlock as a second lock; the kernel may have none, for the first one holds."""
    landlock = types.ModuleType("landlock")
    exec(sys.argv[1], landlock.__dict__)  # noqa: S102 - our own file's text
    if landlock.version():
        landlock.restrict(read=readable, write=writable)


def _read_all(descriptor: int) -> bytes:
    read = b""
    while more := os.read(descriptor, 1 << 20):
        read += more
    return read


if __name__ == "__main__":
    main()
