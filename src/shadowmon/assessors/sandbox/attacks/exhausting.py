"""Attacks on time, memory, processes, disks and whoever reads the output."""

from __future__ import annotations

from shadowmon.assessors.sandbox.attacks.attack import FAILED, FLOODED, STOPPED, Attack


_SOON = 0.4

ATTACKS = (
    Attack(name="loop", program="while True: pass", expected=STOPPED, seconds=_SOON),
    Attack(name="sleep", program="import time; time.sleep(60)", expected=STOPPED, seconds=_SOON),
    Attack(
        name="deaf_loop",
        program="import signal\n"
        "for each in {*signal.valid_signals()} - {signal.SIGKILL, signal.SIGSTOP}:\n"
        "    try: signal.signal(each, signal.SIG_IGN)\n"
        "    except (OSError, ValueError): pass\n"
        "while True: pass",
        expected=STOPPED,
        seconds=_SOON,
    ),
    Attack(
        name="fork_bomb",
        program="import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
        expected=STOPPED,
        seconds=_SOON,
    ),
    Attack(
        name="many_threads",
        program="import threading, time\n"
        "for _ in range(1000):\n"
        "    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
        expected=FAILED,
    ),
    Attack(name="much_memory", program="bytearray(1 << 33)", expected=FAILED),
    Attack(
        name="more_and_more_memory",
        program="kept = []\nwhile True: kept.append(bytearray(1 << 20))",
        expected=FAILED,
    ),
    Attack(
        name="shared_memory",
        program="import mmap\nkept = []\nwhile True: kept.append(mmap.mmap(-1, 1 << 24))",
        expected=FAILED,
    ),
    Attack(
        name="huge_file",
        program='file = open("/tmp/x", "wb")\nwhile True: file.write(bytes(1 << 20))',
        expected=FAILED,
    ),
    Attack(
        name="many_files",
        program="for number in range(100): open(f'/tmp/{number}', 'wb').write(bytes(1 << 20))",
        expected=FAILED,
    ),
    Attack(
        name="fill_devices",
        program="for number in range(8): open(f'/dev/shm/{number}', 'wb').write(bytes(1 << 20))",
        expected=FAILED,
    ),
    Attack(
        name="fill_root",
        program="for folder in ('/', '/dev'):\n"
        "    try: open(folder + '/x', 'w').close(); break\n"
        "    except OSError: pass\n"
        "else: raise SystemExit",
        expected=FAILED,
    ),
    Attack(
        name="many_descriptors",
        program='import os\nfor _ in range(1 << 20): os.open("/dev/null", 0)',
        expected=FAILED,
    ),
    Attack(
        name="raise_limits",
        program="import resource; resource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
        expected=FAILED,
    ),
    Attack(name="output_flood", program='while True: print("x" * 10_000)', expected=FLOODED),
    Attack(
        name="error_flood",
        program='import os\nwhile True: os.write(2, b"x" * 10_000)',
        expected=FLOODED,
    ),
    Attack(
        name="verdict_flood",
        program='import os\nwhile True: os.write(4, b"x" * 1000)',
        expected=FLOODED,
    ),
    Attack(name="endless_recursion", program="def f(): f()\nf()", expected=FAILED),
)
