"""Programs that want to pass without being right; and honest ones, which must not be hindered."""

from __future__ import annotations

from shadowmon.assessors.sandbox.attacks.attack import ENDED, FAILED, PASSED, Attack


HONEST = (
    Attack(name="harmless", program="assert 1 + 1 == 2", expected=PASSED),
    Attack(
        name="standard_library",
        program="import asyncio, collections, datetime, decimal, functools, hashlib, heapq, io\n"
        "import itertools, json, math, random, re, statistics, string, threading, typing\n"
        "thread = threading.Thread(target=random.random); thread.start(); thread.join()\n"
        "async def wait(): await asyncio.sleep(0.001); return 1\n"
        "assert asyncio.run(wait()) == 1",
        expected=PASSED,
    ),
    Attack(name="wrong", program="assert 1 + 1 == 3", expected=FAILED),
)

ATTACKS = (
    Attack(name="exit", program="import sys; sys.exit(0)", expected=FAILED),
    Attack(name="exit_at_once", program="import os; os._exit(0)", expected=ENDED),
    Attack(
        name="exit_by_hook",
        program="import atexit, os; atexit.register(os.write, 4, b'P'); raise SystemExit",
        expected=FAILED,
    ),
    Attack(
        name="printed_verdict",
        program='print("SP" + "0" * 32); import os; os._exit(0)',
        expected=ENDED,
    ),
    Attack(
        name="forged_verdict",
        program='import os; os.write(4, b"P" + b"0" * 32 + b"\\n"); os._exit(0)',
        expected=ENDED,
    ),
    Attack(
        name="verdict_before_the_verdict",
        program='import os; os.write(4, b"P" + b"0" * 32 + b"\\n")',
        expected=ENDED,
    ),
    Attack(
        name="word_in_memory",
        program="import gc, re, sys\n"
        "frame, texts = sys._getframe(), []\n"
        "while frame:\n"
        "    texts += [*frame.f_locals.values(), *frame.f_globals.values()]\n"
        "    frame = frame.f_back\n"
        "texts += [each for some in gc.get_objects() for each in gc.get_referents(some)]\n"
        "def is_word(text): return isinstance(text, (str, bytes)) and len(text) == 32 and"
        " re.fullmatch('[0-9a-f]{32}', text if isinstance(text, str) else text.decode('latin-1'))\n"
        "assert any(is_word(text) for text in texts)",
        expected=FAILED,
    ),
    Attack(name="closed_descriptors", program="import os; os.closerange(0, 100)", expected=ENDED),
    Attack(name="copy_of_itself", program="import os\nif os.fork(): os._exit(0)", expected=ENDED),
    Attack(name="crash", program="import ctypes; ctypes.string_at(0)", expected=ENDED),
    Attack(name="read_input", program="input()", expected=FAILED),
)
