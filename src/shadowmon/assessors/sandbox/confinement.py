"""
From a fork of the launcher to the guest: everything that the process gives up on its way.

The order matters: who it is before what it may, its death with its parent after who it is (changing
that undoes it), the locks last. Called in the forked child only; whatever goes wrong here ends it
before the guest has said that it started.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import math
import os
import resource
import signal

from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from shadowmon.assessors.sandbox import landlock, seccomp, tiers
from shadowmon.assessors.sandbox.tiers import Plan, Tier
from shadowmon.assessors.sandbox.verdict import Limits


_FILE_MAX_BYTES = 4 * 1024 * 1024
_FILES_MAX = 128
_FIRST_FREE_DESCRIPTOR = 10
"""Above what the guest and bwrap are told."""
_SECCOMP, _INFO = 5, 6
_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 1, 22, 2  # linux/prctl.h
_ENVIRONMENT = {"PATH": "/usr/bin"}
_FIRST_TO_DIE = "1000"
"""Where the machine runs out of memory, the kernel looks here first (proc(5), oom_score_adj)."""

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wires:
    """The child's ends of everything between it and the launcher."""

    program: int
    output: int
    word: int
    verdict: int
    info: int


class _Filter(ctypes.Structure):
    """`struct sock_fprog` of linux/filter.h."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


class Confinement:
    """A plan, made ready once so that a run has little to do."""

    def __init__(self, plan: Plan) -> None:
        """
        Read the guest's text and assemble the filter.

        Raises:
            OSError: If there is no filter for this machine, or bwrap cannot be opened.

        """
        self.wraps = plan.tier is Tier.NAMESPACES
        """Are bubblewrap's own processes around the guest's?"""
        self._plan = plan
        self._filter = seccomp.program(namespaces=self.wraps)
        here = resources.files(__package__)
        self._guest, self._landlock = (
            (here / name).read_text(encoding="utf-8") for name in ("guest.py", "landlock.py")
        )
        # Opened here, by whoever we are: the run's own user may not be let into the folder.
        self._bwrap = _opened(plan.bwrap) if plan.bwrap else -1

    def enter(self, wires: Wires, limits: Limits, *, user: int | None, processes_max: int) -> None:
        """
        Become the guest. Does not return.

        Args:
            wires: Become descriptors 0 to 4 (guest.py), and bwrap's.
            limits: What the run may use.
            user: The user and group to become; None to stay who we are.
            processes_max: More processes, and threads, than this there cannot be of that user.

        Raises:
            OSError: Whatever the kernel refused.

        """
        for ours in (signal.SIGINT, signal.SIGTERM):  # which the launcher ignores
            signal.signal(ours, signal.SIG_DFL)
        _stand_aside()
        if user is not None:
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        _connect(wires)
        _limit(limits)
        if self.wraps:
            self._enter_namespaces(processes_max)
        else:
            self._enter_landlock(processes_max)

    def _enter_namespaces(self, processes_max: int) -> None:
        rules = os.memfd_create("rules", 0)
        os.write(rules, self._filter)
        os.lseek(rules, 0, os.SEEK_SET)
        os.dup2(rules, _SECCOMP)
        arguments = tiers.namespace_arguments(self._plan, seccomp=_SECCOMP, info=_INFO)
        guest = self._guest_command(processes_max, tiers.writable_folders(self._plan))
        os.execve(self._bwrap, [*arguments, *guest], _ENVIRONMENT)  # noqa: S606 - no shell is meant

    def _enter_landlock(self, processes_max: int) -> None:
        os.close(_INFO)
        os.chdir("/")
        landlock.restrict(
            read=tiers.readable_folders(self._plan), write=tiers.writable_folders(self._plan)
        )
        _install(self._filter)
        command = self._guest_command(processes_max, ())
        os.execve(self._plan.interpreter, command, _ENVIRONMENT)  # noqa: S606 - no shell is meant

    def _guest_command(self, processes_max: int, writable: tuple[str, ...]) -> list[str]:
        readable = ":".join(tiers.readable_folders(self._plan))
        options = [str(processes_max), readable, ":".join(writable)]
        code = [self._guest, self._landlock]
        return [self._plan.interpreter, "-I", "-S", "-B", "-c", *code, *options]


def _opened(path: str) -> int:
    opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return _copied(opened)
    finally:
        os.close(opened)


def _copied(descriptor: int) -> int:
    """Return a copy above all places of `_connect`, so that none of them overwrites it."""
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE_DESCRIPTOR)


def _stand_aside() -> None:
    """
    Run only when nobody else wants to, and be the first to die for memory.

    A container may forbid either. That makes a run a worse neighbour, and no less locked in.
    """
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, 19)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_DIE, encoding="ascii")


def _connect(wires: Wires) -> None:
    """Put each wire where it is looked for; everything else is closed by the exec."""
    ends = (wires.program, wires.output, wires.output, wires.word, wires.verdict, wires.info)
    for place, copy in zip((0, 1, 2, 3, 4, _INFO), [_copied(end) for end in ends], strict=True):
        os.dup2(copy, place)


def _limit(limits: Limits) -> None:
    memory = limits.memory_max_bytes
    seconds = math.ceil(limits.timeout_seconds) + 1
    for what, soft, hard in (
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_CPU, seconds, seconds + 1),
        (resource.RLIMIT_FSIZE, _FILE_MAX_BYTES, _FILE_MAX_BYTES),
        (resource.RLIMIT_NOFILE, _FILES_MAX, _FILES_MAX),
        (resource.RLIMIT_AS, memory, memory),
        (resource.RLIMIT_MEMLOCK, 0, 0),
        (resource.RLIMIT_MSGQUEUE, 0, 0),
    ):
        _, most = resource.getrlimit(what)
        if most == resource.RLIM_INFINITY:
            resource.setrlimit(what, (soft, hard))
        else:  # a stricter limit stands
            resource.setrlimit(what, (min(soft, most), min(hard, most)))


def _install(program: bytes) -> None:
    """
    Have every later system call pass the filter; `landlock.restrict` has forgone new privileges.

    Raises:
        OSError: If the kernel will not take it.

    """
    whole = _Filter(len(program) // 8, program)
    if _libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(whole), 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_SECCOMP)")
