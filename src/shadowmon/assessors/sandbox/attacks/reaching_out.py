"""Attacks on files, the network and other processes."""

from __future__ import annotations

from shadowmon.assessors.sandbox.attacks.attack import ANYTHING, Attack


_SOCKET = "import socket; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM);"

ATTACKS = (
    Attack(name="read_passwd", program='open("/etc/passwd").read()'),
    Attack(name="read_secret", program='open("$secret").read()'),
    Attack(name="read_by_detour", program='open("/tmp/../usr/../$secret").read()'),
    Attack(
        name="read_by_symlink",
        program='import os; os.symlink("$secret", "/tmp/link"); open("/tmp/link").read()',
    ),
    Attack(
        name="read_by_hard_link",
        program='import os; os.link("$secret", "/tmp/link"); open("/tmp/link").read()',
    ),
    Attack(
        name="read_by_command",
        program='import subprocess; subprocess.run(["/bin/sh", "-c", "cat $secret"], check=True)',
    ),
    Attack(
        name="read_by_pickle",
        program="import pickle\n"
        'class Thief:\n    def __reduce__(self): return open, ("$secret",)\n'
        "pickle.loads(pickle.dumps(Thief()))",
    ),
    Attack(name="list_folder", program='import os; os.listdir("$folder")'),
    Attack(name="read_environment", program='open("/proc/self/environ").read()'),
    Attack(
        name="inherit_environment",
        program="import os; assert set(os.environ) - {'PATH', 'PWD', 'LC_CTYPE'}",
    ),
    Attack(name="write_outside", program='open("$trace", "w").write("x")'),
    Attack(name="write_system", program='open("/usr/lib/x", "w").write("x")'),
    Attack(
        name="change_mode",
        program='import os; os.chmod("$secret", 0o600)',
    ),
    Attack(
        name="change_times",
        program='import os; os.utime("$secret", (1, 1))',
    ),
    Attack(
        name="connect_tcp",
        program='import socket; socket.create_connection(("127.0.0.1", $port), 1)',
    ),
    Attack(
        name="resolve",
        program='import socket; socket.getaddrinfo("localhost.localdomain", 80)',
    ),
    Attack(
        name="send_udp",
        program="import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        's.sendto(b"x", ("127.0.0.1", $port))',
    ),
    Attack(name="netlink", program="import socket; socket.socket(socket.AF_NETLINK, 3)"),
    Attack(name="unix_stream", program="import socket; socket.socket(1).connect('$stream')"),
    Attack(name="unix_datagram", program=f"{_SOCKET} s.sendto(b'x', '$datagram')"),
    Attack(
        name="datagram_of_a_pair",
        program="import socket; s, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
        "s.sendto(b'x', '$datagram')",
    ),
    Attack(
        name="kill_all",
        program="import os, signal; os.kill(-1, signal.SIGKILL)",
        expected=ANYTHING,
    ),
    Attack(
        name="kill_parent",
        program="import os, signal; os.kill(os.getppid(), signal.SIGKILL)",
        expected=ANYTHING,
    ),
    Attack(
        name="kill_launcher",
        program="import os, signal; os.kill($launcher, signal.SIGKILL)",
        expected=ANYTHING,
    ),
    Attack(
        name="stop_group",
        program="import os, signal; os.kill(0, signal.SIGKILL)",
    ),
    Attack(
        name="leave_process_behind",
        program="import ctypes, os, time\n"
        "if os.fork() == 0:\n"
        "    try: os.setsid()\n"
        "    except OSError: pass\n"
        "    if os.fork() == 0:\n"
        "        ctypes.CDLL(None).prctl(15, b'$mark', 0, 0, 0)\n"
        "        time.sleep(60)\n"
        "    os._exit(0)\n"
        "os.wait()",
        expected=ANYTHING,
    ),
    Attack(name="become_root", program="import os; os.setuid(0); open('/etc/shadow').read()"),
    Attack(
        name="slow_launcher",
        program="import os; os.setpriority(os.PRIO_PROCESS, $launcher, 19)",
    ),
    Attack(
        name="limit_launcher",
        program="import resource; resource.prlimit($launcher, resource.RLIMIT_NOFILE, (1, 1))",
    ),
)
