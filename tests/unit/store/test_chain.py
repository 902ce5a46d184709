"""The chain tells what was changed, and what was written already."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from hypothesis import given
from hypothesis import strategies as st

from shadowmon.records import Entry, EntryKind
from shadowmon.store.chain import GENESIS, Head, already_in, end, link
from tests.factories import an_entry


def entries_of(sentences: str) -> list[Entry]:
    """Return one entry for each letter."""
    return [an_entry(sentence) for sentence in sentences]


def end_of(sentences: str, start: Head = GENESIS) -> Head:
    """Return where the chain ends after these entries."""
    for entry in entries_of(sentences):
        start = end(link(start, entry))
    return start


@pytest.mark.parametrize(
    ("before", "written", "tried_again", "known"),
    [
        ("", "ab", "ab", 2),
        ("", "ab", "abc", 2),
        ("xy", "ab", "abc", 2),
        ("xy", "", "ab", 0),
        ("xy", "ab", "ac", 0),
        ("xy", "abc", "ab", 0),
        ("xy", "a", "", 0),
    ],
)
def test_doubtful_entries(before: str, written: str, tried_again: str, known: int) -> None:
    """Entries are known to be written only if they are what follows the old head."""
    doubt = end_of(before)

    found = already_in(end_of(written, doubt), doubt=doubt, entries=entries_of(tried_again))

    assert found == known


def test_no_doubt() -> None:
    """Without a doubt the same entry may be written again: it happened twice."""
    assert already_in(end_of("a"), doubt=None, entries=entries_of("a")) == 0


@given(st.text("ab", min_size=1, max_size=6), st.text("ab", min_size=1, max_size=6))
def test_same_hash_means_same_history(one: str, other: str) -> None:
    """Two chains end with the same hash only if they are the same."""
    assert (end_of(one).hash == end_of(other).hash) == (one == other)


@pytest.mark.parametrize(
    "change",
    [
        {"at": datetime(2026, 1, 1, 12, 0, 0, 1, tzinfo=UTC)},
        {"trial_id": "int4"},
        {"kind": EntryKind.OPERATION},
        {"sentence": "It climbs."},
        {"data": {"a": 1}},
    ],
)
def test_every_field_counts(change: dict[str, Any]) -> None:
    """Every field of an entry is part of its hash."""
    assert link(GENESIS, an_entry()).hash != link(GENESIS, an_entry(**change)).hash
