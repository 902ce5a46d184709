"""
The two ways to lock a program in, and what this machine has for each.

| tier | around the program | asks for |
|---|---|---|
| `namespaces` | bubblewrap, seccomp, limits, Landlock inside | `bwrap`, user namespaces |
| `landlock` | Landlock, seccomp, limits; no file may be written | `allow_landlock`; see below |

Without namespaces nothing keeps a program from signalling processes of its own user, but Landlock's
scopes (version 6), or a user of its own, which only root can give it.

A plan that stands here is a plan only: self_test.py finds out whether it holds.
"""

from __future__ import annotations

import enum
import os
import shutil
import stat
import sys

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shadowmon.assessors.sandbox import landlock


class Tier(enum.StrEnum):
    """What a program is locked in by."""

    NAMESPACES = "namespaces"
    LANDLOCK = "landlock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A tier, and what it is made of on this machine."""

    tier: Tier
    interpreter: str
    """The Python that runs the programs; without its site-packages."""
    folders: tuple[str, ...] = ()
    """What the interpreter needs beside the system's own folders."""
    bwrap: str = ""
    """The program bubblewrap, for the tier of namespaces."""


_SYSTEM_FOLDERS = ("/lib", "/lib32", "/lib64", "/bin")
"""Beside /usr; where they are links into it, as on most systems, they are links inside too."""
_SYSTEM_PYTHONS = (Path("/usr/bin/python3"), Path("/usr/local/bin/python3"))
_DEVICES = ("/dev/urandom", "/dev/random", "/dev/zero")
_SHARED_MEMORY_BYTES = 1024 * 1024
_FOLDER_BYTES = 16 * 1024 * 1024


def plans(*, allow_landlock: bool) -> tuple[list[Plan], list[str]]:
    """Return the plans to try, best first; and for each tier that has none, why."""
    found: list[Plan] = []
    refusals: list[str] = []
    interpreters = _interpreters()
    if not interpreters:
        return [], ["no Python here that every user may run, as the programs' own users must"]
    bwrap = shutil.which("bwrap")
    if bwrap:
        found += [
            Plan(tier=Tier.NAMESPACES, interpreter=path, folders=folders, bwrap=bwrap)
            for path, folders in interpreters
        ]
    else:
        refusals.append("namespaces: no bwrap on PATH (install bubblewrap)")
    if obstacle := _landlock_obstacle(allow_landlock=allow_landlock):
        refusals.append(f"landlock: {obstacle}")
    else:
        found += [
            Plan(tier=Tier.LANDLOCK, interpreter=path, folders=folders)
            for path, folders in interpreters
        ]
    return found, refusals


def namespace_arguments(plan: Plan, *, seccomp: int, info: int) -> list[str]:
    """
    Return bwrap's arguments: no network, no processes but its own, an empty folder to write in.

    Args:
        plan: Of the tier of namespaces.
        seccomp: Descriptor from which bwrap reads the BPF program.
        info: Descriptor on which bwrap says the id of the first process in there, in JSON.

    """
    return [
        *("bwrap", "--unshare-all", "--unshare-user", "--disable-userns"),
        *("--uid", "65534", "--gid", "65534", "--hostname", "sandbox", "--cap-drop", "ALL"),
        *("--die-with-parent", "--new-session", "--clearenv", "--setenv", "PATH", "/usr/bin"),
        *("--ro-bind", "/usr", "/usr"),
        *_system_folders(),
        *(word for folder in plan.folders for word in ("--ro-bind", folder, folder)),
        *("--dev", "/dev", "--size", str(_SHARED_MEMORY_BYTES), "--tmpfs", "/dev/shm"),  # noqa: S108 - its own
        *("--size", str(_FOLDER_BYTES), "--tmpfs", "/tmp", "--chdir", "/tmp"),  # noqa: S108 - its own
        # bwrap's root and /dev are memory without a limit, and belong to the program.
        *("--remount-ro", "/dev", "--remount-ro", "/"),
        *("--seccomp", str(seccomp), "--info-fd", str(info)),
    ]


def readable_folders(plan: Plan) -> tuple[str, ...]:
    """Return what Landlock lets a program read."""
    devices = ("/dev",) if plan.tier is Tier.NAMESPACES else _DEVICES
    return ("/usr", *_SYSTEM_FOLDERS, *plan.folders, *devices)


def writable_folders(plan: Plan) -> tuple[str, ...]:
    """
    Return what Landlock lets a program write.

    On the machine's own file system there is no folder that cannot be filled.
    """
    if plan.tier is Tier.LANDLOCK:
        return ("/dev/null",)
    return ("/tmp", "/dev/shm", "/dev/null")  # noqa: S108 - the sandbox's own


def _interpreters() -> list[tuple[str, tuple[str, ...]]]:
    """Return this process's own Python, without its virtual environment, and the system's."""
    own = Path(getattr(sys, "_base_executable", sys.executable))
    found = [path.resolve() for path in (own, *_SYSTEM_PYTHONS) if path.is_file()]
    if os.geteuid() == 0:  # each run becomes a user of its own (places.py)
        found = [path for path in found if _is_open_to_all(path)]
    return [(str(path), _folders_of(path)) for path in dict.fromkeys(found)]


def _is_open_to_all(path: Path) -> bool:
    return all(each.stat().st_mode & stat.S_IXOTH for each in (path, *path.parents))


def _folders_of(interpreter: Path) -> tuple[str, ...]:
    if interpreter.is_relative_to("/usr"):
        return ()
    return (str(interpreter.parents[1]),)


def _system_folders() -> Sequence[str]:
    arguments: list[str] = []
    for folder in map(Path, _SYSTEM_FOLDERS):
        if folder.is_symlink():
            arguments += ["--symlink", str(folder.readlink()), str(folder)]
        elif folder.is_dir():
            arguments += ["--ro-bind", str(folder), str(folder)]
    return arguments


def _landlock_obstacle(*, allow_landlock: bool) -> str:
    if not allow_landlock:
        return "not allowed (assessors.sandbox.allow_landlock)"
    version = landlock.version()
    if version == 0:
        return "the kernel has none"
    if version < landlock.SCOPES_SINCE and os.geteuid() != 0:
        return (
            f"version {version} lets a program signal this user's processes; needed is"
            f" {landlock.SCOPES_SINCE}, or root, which gives each program a user of its own"
        )
    return ""
