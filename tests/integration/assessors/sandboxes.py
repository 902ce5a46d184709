"""Sandboxes for tests: what this machine allows, found out without shadowmon."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import shadowmon

from shadowmon.assessors.sandbox import confinement, landlock, seccomp
from shadowmon.assessors.sandbox.system_calls import MACHINES
from shadowmon.assessors.sandbox.tiers import Tier
from tests.conftest import find


NOBODY = 65534
PYTHON = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
"""One that every user may run: our own may lie in somebody's home."""


def path_with_bwrap() -> str:
    """Return PATH with the folder of bwrap first."""
    return f"{Path(find('bwrap')).parent}{os.pathsep}{os.environ.get('PATH', '')}"


def namespaces_work(user: int | None = None) -> bool:
    """Ask bwrap itself whether user namespaces can be made here."""
    command = [find("bwrap"), "--unshare-all", "--ro-bind", "/", "/", "true"]
    return subprocess.run(command, capture_output=True, check=False, user=user).returncode == 0


def expected_tier(*, allow_landlock: bool, namespaces: bool) -> Tier | None:
    """Return the tier that the documentation promises for this machine."""
    if namespaces:
        return Tier.NAMESPACES
    enough = landlock.version() >= (1 if os.geteuid() == 0 else landlock.SCOPES_SINCE)
    return Tier.LANDLOCK if allow_landlock and enough else None


def forbid_namespaces() -> None:
    """Have the kernel refuse this process, and all after it, new namespaces, as containers do."""
    numbers = MACHINES[os.uname().machine].numbers
    instructions = [
        (0x20, 0, 0, 0),
        *seccomp._refuse(numbers, ["unshare"], 1),
        *seccomp._refuse(numbers, ["clone3"], 38),
        *seccomp._refuse_by_argument(numbers["clone"], 0, 0x45, 0x10000000),
        (0x06, 0, 0, 0x7FFF0000),
    ]
    landlock._libc.prctl(38, 1, 0, 0, 0)
    confinement._install(b"".join(struct.pack("<HBBI", *each) for each in instructions))


def self_test(
    *arguments: str, user: int | None = None, namespaces: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run the self-test as a command, as this user, from a copy that every user can read."""
    with _readable_sources() as sources:
        return subprocess.run(
            [PYTHON, "-P", "-m", "shadowmon.assessors.sandbox.self_test", *arguments],
            env={"PATH": path_with_bwrap(), "PYTHONPATH": sources},
            cwd="/",
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            preexec_fn=None if namespaces else forbid_namespaces,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@contextmanager
def _readable_sources() -> Iterator[str]:
    """Copy what the self-test needs; that this is enough says that it needs no other package."""
    package = Path(shadowmon.__file__).parent
    with TemporaryDirectory() as folder:
        copied = Path(folder) / "shadowmon"
        for name in ("__init__.py", "clock.py", "assessors/__init__.py"):
            (copied / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(package / name, copied / name)
        shutil.copytree(package / "assessors/sandbox", copied / "assessors/sandbox")
        for path in (Path(folder), *copied.rglob("*"), copied):
            path.chmod(0o755)
        yield folder
