"""
The beginning of each of the daemon's processes: `python -m shadowmon.daemon.starting MODULE …`.

It imports a module of ours and calls its `main` with what is left of the command line. While a
control process starts nobody decides, so what makes its imports slow is kept from them.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import sys

from collections.abc import Iterator


_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Our matrices are small: a thread for each core would only take the cores from the models."""


@contextlib.contextmanager
def importing() -> Iterator[None]:
    """
    Import in the block what a process runs on, a fifth quicker.

    What is imported stays to the end: a garbage collector that goes through it, while it grows or
    ever after, finds nothing.
    """
    os.environ |= _ONE_THREAD | os.environ
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def main() -> int:
    """Import the process, and run it; return its exit code."""
    _, module, *arguments = sys.argv
    with importing():
        process = importlib.import_module(module)
    code: int = process.main(arguments)
    return code


if __name__ == "__main__":
    raise SystemExit(main())
