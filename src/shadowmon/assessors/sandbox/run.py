"""
One program in the sandbox, from its start until the last of its processes is dead.

A `Run` owns its pipes and its processes, and never waits: the launcher tells it what is readable
and what time it is.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal

from collections.abc import Iterator

from shadowmon.assessors.sandbox.confinement import Confinement, Wires
from shadowmon.assessors.sandbox.places import Place
from shadowmon.assessors.sandbox.starvation import seconds_kept_waiting
from shadowmon.assessors.sandbox.verdict import Limits, Verdict


START_SECONDS = 10.0
"""A program that has not begun by then has not started; on a busy machine that may take a while."""
LONGER_MAX = 4.0
"""How many times its timeout a program may take, where a busy machine kept it waiting."""
_NO_TIME_SECONDS = 0.01
_DEATH_SECONDS = 0.005
"""How often to look whether the last process is dead; mostly it is at once."""
_WORD_BYTES = 16
_COMPLAINT_BYTES = 300
_READ_BYTES = 64 * 1024
_SAYING_MAX_BYTES = 4096
_FAILED = re.compile(rb"SF(\w{1,60})\n")


class Run:
    """A program that runs, or has run."""

    def __init__(
        self, confinement: Confinement, program: int, limits: Limits, place: Place, now: float
    ) -> None:
        """
        Start it.

        Args:
            confinement: What it is locked in by.
            program: Descriptor of its parts (guest.py).
            limits: How far it may go.
            place: Where it takes place.
            now: Monotonic time.

        Raises:
            OSError: If there can be no pipe or no process.

        """
        self.verdict: Verdict | None = None
        self.error = ""
        self.place = place
        self._limits = limits
        self._wrapped = confinement.wraps
        self._word = os.urandom(_WORD_BYTES).hex().encode("ascii")
        self._said = b""
        self._output_bytes = 0
        self._complaint = b""
        self._began_at = now
        self._deadline = now + START_SECONDS
        self._init: int | None = None
        """Process descriptor of the namespace's first process: when it is dead, all are."""
        self._dead = False
        os.lseek(program, 0, os.SEEK_SET)
        self.process_id = self._start(confinement, program)

    @property
    def descriptors(self) -> tuple[int, ...]:
        """What to wake this run for, when it is readable."""
        if self.verdict is None:
            return (*self._talking, self._child)
        return () if self._init is None or self._dead else (self._init,)

    @property
    def deadline(self) -> float:
        """When to wake it at the latest, whatever is readable."""
        return self._deadline

    @property
    def is_over(self) -> bool:
        """Whether there is a verdict, and no process of it is left."""
        return self.verdict is not None and self._dead

    def look(self, now: float) -> None:
        """Read what there is to read, and see whether the time is up."""
        self._read_info()
        self._read_output()
        self._read_verdict(now)
        if self.verdict is None and _readable(self._child):
            self._read_verdict(now)  # what it said with its last breath
            self._read_output()
            self._finish(Verdict.ENDED if self._said else Verdict.NOT_STARTED)
        if self.verdict is None and now >= self._deadline:
            self._out_of_time(now)
        if self.verdict is not None:
            self._kill()
            self._reap()
            self._deadline = now + _DEATH_SECONDS

    def give_up(self) -> None:
        """End it without a verdict on the program."""
        self._finish(Verdict.NOT_STARTED)
        self._kill()

    def close(self) -> None:
        """Close what it has open; its processes are dead."""
        ends = (self._output, self._verdict, self._info, self._child, self._init)
        for end in ends:
            if end is not None:
                os.close(end)

    def _start(self, confinement: Confinement, program: int) -> int:
        self._output, output = os.pipe()
        self._verdict, verdict = os.pipe()
        self._info, info = os.pipe()
        word, word_in = os.pipe()
        os.write(word_in, self._word)
        for end in (self._output, self._verdict, self._info):
            os.set_blocking(end, False)
        wires = Wires(program=program, output=output, word=word, verdict=verdict, info=info)
        try:
            process_id = os.fork()
            if process_id == 0:
                os.setpgid(0, 0)
                _become(confinement, wires, self._limits, self.place)
        finally:
            for end in (output, verdict, info, word, word_in):
                os.close(end)
        with contextlib.suppress(OSError):  # it was faster
            os.setpgid(process_id, process_id)
        self._child = os.pidfd_open(process_id)
        self._talking = {self._output, self._verdict, self._info}
        return process_id

    def _read_info(self) -> None:
        for said in self._read(self._info):
            with contextlib.suppress(ValueError, KeyError, OSError):
                self._init = os.pidfd_open(json.loads(said)["child-pid"])

    def _read_output(self) -> None:
        for output in self._read(self._output):
            self._output_bytes += len(output)
            if not self._said:
                self._complaint = (self._complaint + output)[-_COMPLAINT_BYTES:]
            if self._output_bytes > self._limits.output_max_bytes:
                self._finish(Verdict.FLOODED)
                return

    def _read_verdict(self, now: float) -> None:
        for said in self._read(self._verdict):
            if not self._said:
                self._began_at, self._deadline = now, now + self._limits.timeout_seconds
            self._said += said
            if self._said == b"SP" + self._word + b"\n":
                self._finish(Verdict.PASSED)
            elif failed := _FAILED.fullmatch(self._said):
                self._finish(Verdict.FAILED, failed[1].decode("ascii", "replace"))
            elif len(self._said) > _SAYING_MAX_BYTES:
                self._finish(Verdict.FLOODED)
                return

    def _read(self, end: int) -> Iterator[bytes]:
        """Yield what is there now; at its end, note that nothing more will come."""
        while end in self._talking:
            try:
                said = os.read(end, _READ_BYTES)
            except BlockingIOError:
                return
            if not said:
                self._talking.discard(end)
                return
            yield said

    def _out_of_time(self, now: float) -> None:
        """Give it the time that the machine kept from it, up to a point; else that was it."""
        if not self._said:
            self._finish(Verdict.NOT_STARTED)
            return
        waited = seconds_kept_waiting(self.process_id, wrapped=self._wrapped)
        due = self._began_at + self._limits.timeout_seconds + waited
        latest = self._began_at + self._limits.timeout_seconds * LONGER_MAX
        if now < min(due, latest) - _NO_TIME_SECONDS:
            self._deadline = min(due, latest)
        else:
            self._finish(Verdict.STARVED if due > latest else Verdict.TIMEOUT)

    def _finish(self, verdict: Verdict, error: str = "") -> None:
        """Keep the first verdict; a run that did not start has bubblewrap's word, or Python's."""
        if self.verdict is None:
            self.verdict, self.error = verdict, error
        if verdict is Verdict.NOT_STARTED:
            self.error = self._complaint.decode("utf-8", "replace").strip() or "it did not come up"

    def _kill(self) -> None:
        if self._init is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._init, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process_id, signal.SIGKILL)

    def _reap(self) -> None:
        """
        Take leave of the dead; what they had started has become the launcher's own child.

        Nobody leaves the group: in namespaces all die with the first process, and without them
        the filter refuses it (seccomp.py).
        """
        init_dead = self._init is None or _readable(self._init)
        if init_dead and self._init is not None:
            with contextlib.suppress(ChildProcessError):
                os.waitid(os.P_PIDFD, self._init, os.WEXITED | os.WNOHANG)
        try:
            while os.waitpid(-self.process_id, os.WNOHANG) != (0, 0):
                pass
        except ChildProcessError:
            self._dead = init_dead


def _become(confinement: Confinement, wires: Wires, limits: Limits, place: Place) -> None:
    """In the fork: become the guest, or end. Nothing of the launcher may go on in here."""
    try:
        confinement.enter(wires, limits, user=place.user, processes_max=place.processes_max)
    except BaseException as error:  # noqa: BLE001 - the last that is heard of this process
        os.write(wires.output, f"{type(error).__name__}: {error}".encode("utf-8", "replace"))
    finally:
        os._exit(1)


def _readable(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
