"""What a proof may do to the process that tries it, with proofs that do it on purpose."""

from __future__ import annotations

import subprocess
import sys

import pytest


TRY = """
import os, sys
from shadowmon.assessors.symbolic_math_process import try_apart

def prove(one, other):
    if one == "memory":
        raise MemoryError
    if one == "crash":
        os.abort()
    if one == "error":
        raise RecursionError
    while one == "hang":
        pass
    return one == other

print(try_apart(prove, sys.argv[1], "same", 0.3), try_apart(prove, "same", "same", 10.0))
"""


@pytest.mark.parametrize(
    ("formula", "finding"),
    [
        ("same", "equal"),
        ("other", "different"),
        ("memory", "memory"),
        ("crash", "crash"),
        ("error", "crash"),
        ("hang", "timeout"),
    ],
)
def test_what_a_proof_does_to_its_process_is_found(formula, finding):
    """Whatever happens to the child is a finding, and the next proof is tried all the same."""
    done = subprocess.run(
        [sys.executable, "-c", TRY, formula], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout.split() == [finding, "equal"]
