from __future__ import annotations

import errno
import struct

import pytest

from shadowmon.assessors.sandbox import seccomp
from shadowmon.assessors.sandbox.system_calls import MACHINES


ALLOW, KILL = 0x7FFF0000, 0x80000000
EVERY_MACHINE = pytest.mark.parametrize("machine", list(MACHINES))


def decide(program, number, architecture, arguments=()):
    """Run the BPF program as the kernel would, and return what it says of a system call."""
    padded = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("<IIQ6Q", number, architecture, 0, *padded)
    instructions = list(struct.iter_unpack("<HBBI", program))
    accumulator = place = 0
    while True:
        operation, if_true, if_false, operand = instructions[place]
        place += 1
        if operation == 0x20:
            (accumulator,) = struct.unpack_from("<I", data, operand)
        elif operation == 0x06:
            return operand
        else:
            tests = {
                0x15: accumulator == operand,
                0x35: accumulator >= operand,
                0x45: bool(accumulator & operand),
            }
            place += if_true if tests[operation] else if_false


def error(number):
    return 0x00050000 | number


def asked(machine, name, *arguments, namespaces=True):
    table = MACHINES[machine]
    program = seccomp.program(namespaces=namespaces, machine=machine)
    return decide(program, table.numbers[name], table.architecture, arguments)


@EVERY_MACHINE
def test_reaching_out_is_refused(machine):
    """Calls that reach other processes, namespaces or the kernel itself are not permitted."""
    for name in ("ptrace", "unshare", "bpf", "mount", "io_uring_setup", "keyctl", "memfd_create"):
        assert asked(machine, name) == error(errno.EPERM)


@EVERY_MACHINE
def test_everything_else_is_allowed(machine):
    """A call that nothing is said of is allowed, in the table's range."""
    table = MACHINES[machine]
    program = seccomp.program(namespaces=True, machine=machine)
    unnamed = set(range(424)) - set(table.numbers.values())
    assert {decide(program, each, table.architecture) for each in unnamed} == {ALLOW}


@EVERY_MACHINE
def test_newer_calls_do_not_exist(machine):
    """What is newer than the table is not implemented: nobody has looked at it."""
    table = MACHINES[machine]
    program = seccomp.program(namespaces=True, machine=machine)
    assert decide(program, table.newest, table.architecture) == ALLOW
    assert decide(program, table.newest + 1, table.architecture) == error(errno.ENOSYS)


@EVERY_MACHINE
def test_other_tables_end_the_process(machine):
    """A call by another architecture's table, or by the x32 table, is fatal."""
    table = MACHINES[machine]
    program = seccomp.program(namespaces=True, machine=machine)
    assert decide(program, 39, 0x40000003) == KILL
    assert decide(program, 0x40000000 + 39, table.architecture) == KILL


@EVERY_MACHINE
def test_no_socket_but_a_pair_of_streams(machine):
    """No socket of any kind; a pair only of streams, for a pair's datagram can be sent anywhere."""
    assert asked(machine, "socket", 2, 1) == error(errno.EAFNOSUPPORT)
    stream, datagram, sequenced, close_on_exec = 1, 2, 5, 0o2000000
    assert asked(machine, "socketpair", 1, stream) == ALLOW
    assert asked(machine, "socketpair", 1, stream | close_on_exec) == ALLOW
    assert asked(machine, "socketpair", 1, datagram) == error(errno.EPERM)
    assert asked(machine, "socketpair", 1, sequenced) == error(errno.EPERM)


@EVERY_MACHINE
def test_processes_but_no_namespaces(machine):
    """Threads and forks are allowed, new namespaces are not; clone3 hides which it asks for."""
    fork, thread, new_user = 17, 0x3D0F00, 0x10000000
    assert asked(machine, "clone", fork) == asked(machine, "clone", thread) == ALLOW
    assert asked(machine, "clone", new_user | fork) == error(errno.EPERM)
    assert asked(machine, "clone3") == error(errno.ENOSYS)


@EVERY_MACHINE
def test_own_limits_only(machine):
    """A process may ask for its own limits, and set no other's."""
    assert asked(machine, "prlimit64", 0) == ALLOW
    assert asked(machine, "prlimit64", 1) == error(errno.EPERM)


@EVERY_MACHINE
def test_more_is_refused_without_namespaces(machine):
    """Without namespaces no file's mode is changed, and no process leaves its group."""
    for name in ("fchmodat", "utimensat", "setsid", "setpgid"):
        assert asked(machine, name) == ALLOW
        assert asked(machine, name, namespaces=False) == error(errno.EPERM)


def test_unknown_machine():
    """Where the system calls are not known, there is no filter, and the message says where."""
    with pytest.raises(OSError, match="no table of system calls for vax; there are: x86_64"):
        seccomp.program(namespaces=True, machine="vax")
