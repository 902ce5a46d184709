"""
A first configuration, as text with the reasons beside the figures; pure.

Rule: what a person wrote stands in comments only, on one line each; keys are written by us.
"""

from __future__ import annotations

import json

from collections.abc import Iterator
from dataclasses import dataclass

from shadowmon.cli.init_baseline import Measured
from shadowmon.console.plain import plain
from shadowmon.policy.sentences import percent
from shadowmon.policy.settings import ACCEPTABLE_LOSS, Task


TIGHTER = 0.75
"""Of what is said to be acceptable: begin tighter than seems needed."""

_SLICES_SHOWN = 5

_SELF_CHECK_RATE = 0.1
_ALWAYS_THE_SAME = frozenset((Task.CLASSIFICATION, Task.CODE, Task.EMBEDDING, Task.RANKING))
"""Tasks whose answers models do not draw by lot, or are not held against each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """All that an operator said."""

    task: Task
    baseline_url: str
    optimized_url: str
    codec: str = "openai"
    listen: str = "127.0.0.1:8080"
    labels: str = "none"
    """none, some or all."""
    failure: str = ""
    """What happens when the model is wrong."""
    discovery: str = ""
    """How it is found out."""
    costs: str = ""
    """What it costs."""
    acceptable: float | None = None
    """Relative drop of quality, in (0, 1); None: the task's own."""

    @property
    def said_acceptable(self) -> float:
        """What is acceptable, by the operator or by the task."""
        return self.acceptable or ACCEPTABLE_LOSS[self.task]

    @property
    def in_force(self) -> float:
        """What a climb is held to at first."""
        return float(f"{self.said_acceptable * TIGHTER:.3g}")


def configuration(said: Answers, measured: Measured | None) -> str:
    """Return the whole file."""
    return "\n".join([*_why(said, measured), "", *_what(said)]) + "\n"


def _why(said: Answers, measured: Measured | None) -> Iterator[str]:
    yield "# Written by `shadowmon init`. Look it over, then:"
    yield "#     shadowmon check-config FILE"
    yield "#     shadowmon plan FILE --rate 20"
    yield "#     shadowmon run --config FILE"
    yield "#"
    yield "# 1. What failure is"
    yield f"#    when the model is wrong: {_words(said.failure)}"
    yield f"#    how that is found out:   {_words(said.discovery)}"
    yield f"#    what it costs:           {_words(said.costs)}"
    yield "# 2. What the baseline does today"
    yield from (f"#    {line}" for line in _baseline(measured))
    yield "# 3. What loss is acceptable"
    origin = "said to be" if said.acceptable else f"the default of {said.task} tasks:"
    yield f"#    {origin} {percent(said.said_acceptable)} of quality, relative to the baseline's"
    yield from _in_points(said, measured)
    yield "# 4. Begin tighter than seems needed"
    yield f"#    in force: {percent(said.in_force)}, {TIGHTER:.0%} of that; a person looks at more"
    yield "# 5. Then watch, and adjust"
    yield "#    Tightening takes effect at once. A looser limit takes effect only with evidence:"
    yield "#    shadowmon loosen TRIAL --evidence ENTRY --reason WHY. Both stand in the journal."


def _baseline(measured: Measured | None) -> Iterator[str]:
    if measured is None:
        yield "not measured: run in the shadow first (`actuator: dry_run`), or `init --from FILE`"
        return
    yield f"{measured.answers} answers, from {plain(measured.source)}"
    if measured.error_rate is not None:
        yield f"fails to answer: {percent(measured.error_rate)}"
    if measured.wrong_rate is None:
        yield "how often it is wrong is not known: there are no labels"
        return
    yield f"is wrong: {percent(measured.wrong_rate)}"
    for name, (count, rate) in [*measured.wrong_in.items()][:_SLICES_SHOWN]:
        yield f"    in {plain(name, limit=60)}: {percent(rate)} of {count}"


def _in_points(said: Answers, measured: Measured | None) -> Iterator[str]:
    if measured is None or measured.wrong_rate is None:
        return
    right = 1 - measured.wrong_rate
    points = said.said_acceptable * right * 100
    yield f"#    of {percent(right)} right answers that is {points:.2f} percentage points"


def _what(said: Answers) -> Iterator[str]:
    yield "models:"
    yield f"  baseline: {{url: {_quoted(said.baseline_url)}}}"
    yield f"  optimized: {{url: {_quoted(said.optimized_url)}}}"
    yield ""
    yield "routes:"
    yield "  production:"
    yield "    baseline: baseline"
    yield f"    codec: {_quoted(said.codec)}"
    yield from _self_check(said)
    yield "    # sticky: {header: x-user-id}   # so that a user stays with one model"
    yield ""
    yield "trials:"
    yield "  optimized:"
    yield "    route: production"
    yield "    optimized: optimized"
    yield f"    task: {said.task.value}"
    yield "    actuator: dry_run   # judges and journals, moves nothing; then: proxy"
    yield from _labels(said)
    yield "    policy:"
    yield f"      acceptable: {said.in_force:g}"
    yield ""
    yield "# traffic:"
    yield "#   slices:   # parts that are judged on their own, edge cases most of all"
    yield '#     long: {header: x-kind, equals: "long", edge: true}'
    yield ""
    yield "proxy:"
    yield f"  listen: {_quoted(said.listen)}   # point your users here"


def _self_check(said: Answers) -> Iterator[str]:
    if said.labels == "none" and said.task not in _ALWAYS_THE_SAME:
        yield "    # So often the baseline is asked twice: by how much it differs from itself is no"
        yield "    # loss. 0 if it answers the same each time (temperature 0): fewer pairs do then."
        yield f"    self_check_rate: {_SELF_CHECK_RATE:g}"


def _labels(said: Answers) -> Iterator[str]:
    if said.labels == "none":
        yield "    # labels: {expected: all}   # if the truth comes later, to /api/v1/labels"
    else:
        yield f"    labels: {{expected: {_quoted(said.labels)}}}   # to /api/v1/labels"


def _words(text: str) -> str:
    return plain(text) if text.strip() else "(not said)"


def _quoted(text: str) -> str:
    return json.dumps(text)
