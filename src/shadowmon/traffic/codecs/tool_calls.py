"""
Tool calls that come in pieces, put together (OpenAI's API reference, chat streaming: the pieces of
`arguments` are joined by the call's `index`; only the first piece has the name).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from shadowmon.errors import CodecError
from shadowmon.records import ToolCall
from shadowmon.traffic.codecs import strict_json


@dataclass(slots=True)
class GrowingCall:
    """One tool call, as far as it has come in."""

    name: str = ""
    call_id: str = ""
    whole: Any = None
    """Arguments that came as JSON and not as text. Text that comes later outranks them."""
    pieces: list[str] = field(default_factory=list)
    is_free: bool = False
    """Is its input free text, and no JSON (OpenAI's custom tools)?"""

    def add(self, arguments: object) -> None:
        """Take in a piece of text, or the arguments as a value."""
        if isinstance(arguments, str):
            self.pieces.append(arguments)
        elif arguments is not None:
            self.whole = arguments

    def tool_call(self) -> ToolCall:
        """Return the call; its arguments are None if what was written is not JSON."""
        written = "".join(self.pieces)
        if self.is_free:
            return ToolCall(name=self.name, arguments=written)
        if written.strip():
            return ToolCall(name=self.name, arguments=json_or_none(written))
        return ToolCall(name=self.name, arguments={} if self.whole is None else self.whole)


@dataclass(slots=True)
class GrowingCalls:
    """The calls of one message, in the order in which they began."""

    found: list[GrowingCall] = field(default_factory=list)
    _growing: dict[int, GrowingCall] = field(default_factory=dict)
    """By index: the call that a further piece belongs to."""

    def begin(self, call: GrowingCall) -> GrowingCall:
        """Add a call that no later piece is looked up for."""
        self.found.append(call)
        return call

    def grow(self, *, index: int | None, place: int, call_id: str, name: str) -> GrowingCall:
        """
        Return the call that this piece belongs to.

        Args:
            index: What the wire numbers the call with; None if it does not.
            place: The piece's place in its chunk, for want of a number.
            call_id: Empty in the later pieces, and with some servers always. Another id is another
                call, even where a server numbers both of them 0.
            name: Empty in the later pieces, though some servers repeat it. Without a number, a
                name begins a new call.

        """
        key = place if index is None else index
        call = self._growing.get(key)
        other = call and (
            (call_id and call.call_id and call_id != call.call_id) or (index is None and name)
        )
        if call is None or other:
            call = self._growing[key] = self.begin(GrowingCall(call_id=call_id))
        call.name = call.name or name
        return call

    def tool_calls(self) -> tuple[ToolCall, ...]:
        """Return all calls in the normal form."""
        return tuple(call.tool_call() for call in self.found)


def json_or_none(text: str) -> Any:  # noqa: ANN401 - JSON is any of six types
    """Return the JSON that the text is; None if it is none."""
    try:
        return strict_json.loads(text.encode("utf-8", "replace"))
    except CodecError:
        return None
