"""An attack, and what it needs to find outside."""

from __future__ import annotations

from dataclasses import dataclass
from string import Template

from shadowmon.assessors.sandbox.verdict import Verdict


REFUSED = frozenset({Verdict.FAILED, Verdict.ENDED})
"""The program raised, or was ended, before it was through."""
STOPPED = frozenset({Verdict.TIMEOUT, Verdict.STARVED})
"""It would have gone on, and its time was up; on a busy machine it had little of it."""
FLOODED = frozenset({Verdict.FLOODED})
ENDED = frozenset({Verdict.ENDED})
FAILED = frozenset({Verdict.FAILED})
PASSED = frozenset({Verdict.PASSED})
ANYTHING = REFUSED | PASSED
"""What the program sees says nothing: the signs outside do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What stands outside to be reached, truly there: an attack on nothing proves nothing."""

    folder: str
    """Anybody may write in it."""
    secret: str
    """A file that anybody may read."""
    stream: str
    """A unix socket that listens; and a datagram socket."""
    datagram: str
    port: int
    """A TCP port of 127.0.0.1 that listens."""
    launcher: int
    """Process id."""
    trace: str
    """A file in the folder that only an escaped program makes."""
    mark: str
    """The name that a program gives to a process it leaves behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """A program, and what must come of it."""

    name: str
    program: str
    """Python, in which $secret and the other fields of a `Scene` stand for what is there."""
    expected: frozenset[Verdict] = REFUSED
    seconds: float = 10.0
    """Short for what will never end by itself."""

    def program_for(self, scene: Scene) -> str:
        """Return the program, aimed."""
        fields = {name: getattr(scene, name) for name in Scene.__slots__}
        return Template(self.program).substitute(fields)
