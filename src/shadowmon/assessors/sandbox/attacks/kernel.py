"""Attacks by system calls that no program has a need of."""

from __future__ import annotations

import platform

from collections.abc import Sequence

from shadowmon.assessors.sandbox.attacks.attack import ENDED, Attack


_CALLS = {
    "ptrace": (101, 117),
    "unshare": (272, 97),
    "setns": (308, 268),
    "chroot": (161, 51),
    "mount": (165, 40),
    "pivot_root": (155, 41),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "keyctl": (250, 219),
    "userfaultfd": (323, 282),
    "personality": (135, 92),
    "process_vm_readv": (310, 270),
    "clone": (56, 220),
    "shmget": (29, 194),
}
"""Number on x86_64, and on aarch64."""

_ARGUMENTS = {
    "ptrace": "16, os.getppid(), 0, 0",  # PTRACE_ATTACH
    "unshare": "0x10000000",  # CLONE_NEWUSER
    "setns": "0, 0x10000000",
    "chroot": 'b"/tmp"',
    "mount": 'b"x", b"/tmp", b"tmpfs", 0, 0',
    "pivot_root": 'b"/tmp", b"/tmp"',
    "bpf": "0, ctypes.create_string_buffer(128), 128",  # BPF_MAP_CREATE
    "perf_event_open": "ctypes.create_string_buffer(128), 0, -1, -1, 0",
    "keyctl": "0, -3, 1",  # KEYCTL_GET_KEYRING_ID of the session
    "userfaultfd": "1",
    "personality": "0x0400000",  # READ_IMPLIES_EXEC
    "process_vm_readv": "os.getppid(), 0, 0, 0, 0, 0",
    "clone": "0x10000000 | 17, 0, 0, 0, 0",  # CLONE_NEWUSER, SIGCHLD
    "shmget": "0, 1 << 20, 0o1600",
}
_UNIFIED = {
    "io_uring_setup": "425, 4, ctypes.create_string_buffer(120)",
    "open_tree": '428, -100, b"/", 1',
    "pidfd_open": "434, os.getppid(), 0",
    "clone3": "435, ctypes.create_string_buffer(88), 88",
}
"""Number and arguments, on every machine."""

_MACHINES = ("x86_64", "aarch64")

_OTHER_TABLES = (
    Attack(
        name="x32_call",
        program="import ctypes; ctypes.CDLL(None).syscall(0x40000000 + 39)",
        expected=ENDED,
    ),
    Attack(
        name="32_bit_call",
        # mov eax, 20 (getpid); int 0x80; ret
        program="import ctypes, mmap\n"
        "page = mmap.mmap(-1, 4096, prot=7)\n"
        'page.write(b"\\xb8\\x14\\x00\\x00\\x00\\xcd\\x80\\xc3")\n'
        "address = ctypes.addressof(ctypes.c_char.from_buffer(page))\n"
        "ctypes.CFUNCTYPE(ctypes.c_int)(address)()",
        expected=ENDED,
    ),
)
"""By numbers that mean other calls; the filter ends whoever tries. On x86_64 only."""


def attacks() -> Sequence[Attack]:
    """Return the attacks whose numbers are known for this machine."""
    machine = platform.machine()
    calls = dict(_UNIFIED)
    if machine in _MACHINES:
        place = _MACHINES.index(machine)
        calls |= {name: f"{numbers[place]}, {_ARGUMENTS[name]}" for name, numbers in _CALLS.items()}
    return (
        *(Attack(name=name, program=_program(call)) for name, call in calls.items()),
        Attack(name="memory_file", program='import os; os.memfd_create("x")'),
        *(_OTHER_TABLES if machine == "x86_64" else ()),
    )


def _program(call: str) -> str:
    """Any other error than a refusal would mean that the kernel itself had looked at the call."""
    return (
        "import ctypes, errno, os\n"
        f"result = ctypes.CDLL(None, use_errno=True).syscall({call})\n"
        "assert result >= 0 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS)"
    )
