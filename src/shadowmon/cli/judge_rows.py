"""The comparisons of `shadowmon judge` and `judge-report`, as JSON lines: read, and written."""

from __future__ import annotations

from typing import Annotated

import msgspec

from shadowmon.errors import ShadowmonError
from shadowmon.evidence.judged import Choice, Judged


class BadRowError(ShadowmonError):
    """A line is not a comparison. Says which, and what is wrong with it."""


class _Row(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    judge: Choice
    baseline_chars: Annotated[int, msgspec.Meta(ge=0)]
    optimized_chars: Annotated[int, msgspec.Meta(ge=0)]
    consistent: bool
    human: Choice | None = None


def rows(content: bytes) -> list[Judged]:
    """
    Read JSON lines; blank ones are passed over.

    Raises:
        BadRowError: If a line is no comparison, or has the id of another.

    """
    found: list[Judged] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(content.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = msgspec.json.decode(line, type=_Row)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            msg = f"line {number}: {error}"
            raise BadRowError(msg) from error
        if row.id in seen:
            msg = f'line {number}: "{row.id}" is there already, in line {seen[row.id]}'
            raise BadRowError(msg)
        seen[row.id] = number
        found.append(_judged(row))
    return found


def _judged(row: _Row) -> Judged:
    return Judged(
        judge=row.judge,
        human=row.human,
        baseline_chars=row.baseline_chars,
        optimized_chars=row.optimized_chars,
        is_consistent=row.consistent,
    )


def line_of(name: str, judged: Judged) -> bytes:
    """Return a comparison as a line that `rows` reads, with its end."""
    row = _Row(
        id=name,
        judge=judged.judge,
        baseline_chars=judged.baseline_chars,
        optimized_chars=judged.optimized_chars,
        consistent=judged.is_consistent,
        human=judged.human,
    )
    return msgspec.json.encode(row) + b"\n"
