"""
Requests of one client are alike: their heads differ in an id, a user's key, a length, and no more.

So a head is taken for a form that was filled in: what was found of its printed part, once, holds
for every head with that printed part, whatever stands in the blanks.

Rule 1: a blank is a whole value of a field that may come only once, and visible ASCII, so that no
        parser could see anything else in it than a value.
Rule 2: only what was read line by line and found in order is kept as a form, and nothing of which
        one line says what others mean (upgrades, expectations, a `Connection` that names fields).
Rule 3: what a value says, a length above all, is read each time.
"""

from __future__ import annotations

import re

from collections.abc import Collection, Sequence


OFTEN_NEW = (b"traceparent", b"x-amzn-trace-id", b"x-forwarded-for", b"x-real-ip")
"""What proxies before us give each request."""

_BLANK = rb"([!-~]++)"
OFTEN = 100
"""Once a form has come so often it is worth a pattern of its own, which takes long to make."""


class Form:
    """What all heads have in common that differ in their blanks only."""

    __slots__ = ("_came", "_heads", "_pattern", "_rest_at", "_wire", "names")

    def __init__(self, came: list[bytes], wire: list[bytes], names: tuple[bytes, ...]) -> None:
        """
        Take what is printed.

        Args:
            came: The texts before, between and after the blanks, as they come.
            wire: The same as they are passed on.
            names: Of the blanks, in lower case.

        """
        self.names = names
        self._came = came
        self._rest_at = len(came[0])
        """Where the first blank begins."""
        self._wire = [b""] * (2 * len(names) + 1)
        self._wire[::2] = wire
        self._heads = 0
        self._pattern: re.Pattern[bytes] | None = None

    def match(self, data: bytes) -> re.Match[bytes] | None:
        """
        Read a head that is likely to be of this form, faster than `Blanks.part` does.

        Returns:
            The head, its groups being what stands in the blanks; None if `data` does not begin with
            a whole head of this form, or the form has not come often yet.

        """
        if self._pattern is None:
            self._heads += 1
            if self._heads < OFTEN:
                return None
            self._pattern = re.compile(_BLANK.join(map(re.escape, [b"", *self._came[1:]])))
        if not data.startswith(self._came[0]):  # `re` would compare this, the most, byte by byte
            return None
        return self._pattern.match(data, self._rest_at)

    def filled(self, values: Sequence[bytes]) -> bytes:
        """Return the head that is passed on, with these values in its blanks."""
        pieces = self._wire.copy()
        pieces[1::2] = values
        return b"".join(pieces)


class Blanks:
    """Finds the blanks in heads."""

    def __init__(self, names: Collection[bytes]) -> None:
        """Look for fields of these lower-case names, written so or Like-So."""
        written = {*names, *(name.title() for name in names)}
        self._blank = re.compile(rb"(\r\n(?:%b): )%b(?=\r\n)" % (_any_of(written), _BLANK))

    def part(self, head: bytes) -> list[bytes]:
        """Return a head's pieces: text, name, value; text, name, value; ...; text."""
        return self._blank.split(head)

    def form(self, head: bytes, found: dict[bytes, bytes], wire: bytes) -> Form | None:
        """
        Make a form of a head that was read; None if it is none.

        Args:
            head: As it came.
            found: All that was read in it of the fields that are looked for.
            wire: The head as it is passed on.

        """
        came, passed_on = self.part(head), self.part(wire)
        names = tuple(name[2:-2].lower() for name in came[1::3])
        # One that comes twice, in whatever way it is written, was found to say something else.
        if came[2::3] != [found[name] for name in names] or came[1::3] != passed_on[1::3]:
            return None
        return Form(_texts(came), _texts(passed_on), names)


def _texts(pieces: list[bytes]) -> list[bytes]:
    """Join what stands between two blanks."""
    names = [*pieces[1::3], b""]
    return [text + name for text, name in zip(pieces[::3], names, strict=True)]


def _any_of(words: Collection[bytes]) -> bytes:
    """Return a pattern for these words: by their first letters, for most lines fail at these."""
    by_first: dict[bytes, list[bytes]] = {}
    for word in sorted(words):
        by_first.setdefault(re.escape(word[:1]), []).append(re.escape(word[1:]))
    return b"|".join(b"%b(?:%b)" % (first, b"|".join(rest)) for first, rest in by_first.items())
