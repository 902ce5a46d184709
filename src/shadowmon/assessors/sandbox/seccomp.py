"""
Which system calls a sandboxed program may make, as a BPF program for the kernel (seccomp(2)).

What would reach outside is refused with an error that programs know how to take. A call of another
architecture's table (x32 or 32-bit calls, whose numbers mean other calls) ends the process, and a
call that is newer than our table is not implemented.

The instructions are those of classic BPF (linux/bpf_common.h) over `struct seccomp_data`: number,
architecture, instruction pointer, six arguments of 64 bits, little-endian.
"""

from __future__ import annotations

import errno
import platform
import struct

from collections.abc import Mapping, Sequence

from shadowmon.assessors.sandbox.system_calls import MACHINES


_LOAD, _IF_EQUAL, _IF_AT_LEAST, _IF_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_INSTRUCTION = struct.Struct("<HBBI")
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_X32_BIT = 0x40000000
_NEW_NAMESPACES = 0x7E020000
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET (linux/sched.h)."""
_NO_STREAM = 0xE
"""In the type of a socket: bits that SOCK_STREAM has not, and every other type has one of."""

_DENIED = """
    acct add_key bpf chroot clock_adjtime clock_settime delete_module fanotify_init finit_module
    fsconfig fsmount fsopen fspick init_module ioperm iopl ioprio_set io_uring_enter
    io_uring_register io_uring_setup kcmp kexec_file_load kexec_load keyctl lookup_dcookie
    memfd_create memfd_secret migrate_pages modify_ldt mount mount_setattr move_mount move_pages
    mq_open msgget name_to_handle_at open_by_handle_at open_tree perf_event_open personality
    pidfd_getfd pidfd_open pivot_root process_madvise process_mrelease process_vm_readv
    process_vm_writev ptrace quotactl quotactl_fd reboot request_key sched_setaffinity
    sched_setattr sched_setparam sched_setscheduler semget setdomainname sethostname setns
    setpriority settimeofday shmat shmget swapoff swapon syslog umount2 unshare userfaultfd
    vhangup
"""
"""
Other processes, namespaces, mounts, the kernel itself; and memory that no limit of ours counts.

Shared memory segments and memory files outlive the mapping that RLIMIT_AS counts.
"""
_DENIED_WITHOUT_NAMESPACES = """
    chmod chown fchmod fchmodat fchmodat2 fchown fchownat fremovexattr fsetxattr futimesat
    lchown lremovexattr lsetxattr removexattr setpgid setsid setxattr utime utimensat utimes
"""
"""
What Landlock leaves open: the owner and mode of files, for whoever owns them.

And leaving the process group, by which all processes of a run are found and ended.
"""


def program(*, namespaces: bool, machine: str = "") -> bytes:
    """
    Return the BPF program, as an array of `struct sock_filter`.

    Args:
        namespaces: Do namespaces stand around the program too? Without them more is refused.
        machine: As `uname -m` says it; empty for this one.

    Raises:
        OSError: If there is no table of this machine's system calls.

    """
    machine = machine or platform.machine()
    if machine not in MACHINES:
        msg = f"no table of system calls for {machine}; there are: {', '.join(MACHINES)}"
        raise OSError(msg)
    table = MACHINES[machine]
    denied = _DENIED if namespaces else _DENIED + _DENIED_WITHOUT_NAMESPACES
    numbers = table.numbers
    instructions = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_IF_EQUAL, 1, 0, table.architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_IF_AT_LEAST, 0, 1, _X32_BIT),
        (_RETURN, 0, 0, _KILL),
        (_IF_AT_LEAST, 0, 1, table.newest + 1),
        _error(errno.ENOSYS),
        *_refuse(numbers, denied.split(), errno.EPERM),
        *_refuse(numbers, ["socket"], errno.EAFNOSUPPORT),
        # asyncio needs a pair of streams; a datagram socket of a pair can send to any other.
        *_refuse_by_argument(numbers["socketpair"], 1, _IF_ANY_BIT, _NO_STREAM),
        *_refuse(numbers, ["clone3"], errno.ENOSYS),  # its flags are out of sight: use clone
        *_refuse_by_argument(numbers["clone"], 0, _IF_ANY_BIT, _NEW_NAMESPACES),
        *_refuse_by_argument(numbers["prlimit64"], 0, _IF_AT_LEAST, 1),  # another's limits
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(_INSTRUCTION.pack(*each) for each in instructions)


_Instruction = tuple[int, int, int, int]
"""Operation, instructions to skip if it holds and if it does not, operand."""


def _error(number: int) -> _Instruction:
    return (_RETURN, 0, 0, _ERROR | number)


def _refuse(numbers: Mapping[str, int], names: Sequence[str], error: int) -> list[_Instruction]:
    """Refuse these calls, those of them that the machine has."""
    return [
        instruction
        for name in names
        if name in numbers
        for instruction in ((_IF_EQUAL, 0, 1, numbers[name]), _error(error))
    ]


def _refuse_by_argument(number: int, place: int, test: int, operand: int) -> list[_Instruction]:
    """Refuse a call if the low half of one of its arguments passes the test."""
    return [
        (_IF_EQUAL, 0, 4, number),
        (_LOAD, 0, 0, _ARGUMENTS_AT + 8 * place),
        (test, 0, 1, operand),
        _error(errno.EPERM),
        (_LOAD, 0, 0, _NUMBER_AT),
    ]
