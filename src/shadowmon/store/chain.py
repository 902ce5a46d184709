"""
The journal's hash chain: whoever changes, removes or slips in an entry breaks it.

    hash = SHA-256( previous hash, as 64 hex digits, then the entry as canonical JSON, in UTF-8 )

written as 64 hex digits; the first entry's previous hash is 64 zeros. The entry's JSON has the keys
at, data, kind, sentence and trial_id, as `canonical` writes them, so that anyone can compute it
again without this program:

    printf '%s%s' "$previous_hash" "$entry" | sha256sum

It proves that the journal hangs together, not who wrote it: one who may write the file can write
a whole new chain. Keep a hash elsewhere, and it proves everything up to that entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from shadowmon.errors import StoreError
from shadowmon.records import Entry, EntryKind, TrialId
from shadowmon.store.canonical import clean, from_json, from_moment, to_json
from shadowmon.store.store import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where the chain ends."""

    number: int
    hash: str


GENESIS = Head(number=0, hash="0" * 64)
"""Where an empty chain ends."""


def cleaned(entry: Entry) -> Entry:
    """
    Return the entry as the store will give it back.

    Raises:
        StoreError: If a part of it cannot be written.

    """
    return Entry(
        at=entry.at,
        trial_id=TrialId(clean(entry.trial_id)),
        kind=EntryKind(entry.kind),
        sentence=clean(entry.sentence),
        data=from_json(to_json(entry.data, where="the entry's data")),
    )


def link(head: Head, entry: Entry) -> Row:
    """
    Return the entry as the next link after `head`.

    Raises:
        StoreError: If a part of it cannot be written.

    """
    written = to_json(
        {
            "at": from_moment(entry.at, where="the entry's moment"),
            "data": entry.data,
            "kind": entry.kind,
            "sentence": entry.sentence,
            "trial_id": entry.trial_id,
        },
        where="the entry",
    )
    return Row(
        number=head.number + 1,
        entry=entry,
        previous_hash=head.hash,
        hash=sha256((head.hash + written).encode()).hexdigest(),
    )


def end(row: Row) -> Head:
    """Return where the chain would end if `row` were its last link."""
    return Head(number=row.number, hash=row.hash)


def follow(head: Head, row: Row) -> Head:
    """
    Go one link further along a chain that was read.

    Raises:
        StoreError: If `row` is not the link that follows `head`.

    """
    expected = link(head, row.entry)
    if row.number != expected.number:
        problem = f"follows entry {head.number}: entries between them are gone"
    elif row.previous_hash != expected.previous_hash:
        problem = f"does not follow entry {head.number}: one of the two was replaced"
    elif row.hash != expected.hash:
        problem = "is not what was written: its hash does not fit"
    else:
        return end(row)
    msg = f"journal entry {row.number} {problem}; keep this file, and go back to a backup of it"
    raise StoreError(msg)


def already_in(head: Head, *, doubt: Head | None, entries: Sequence[Entry]) -> int:
    """
    Return how many of `entries`, from the first, are in the journal already.

    For a commit that was given up while it was under way, and is tried again: nobody was told how
    it ended, but the chain tells. The hash of these entries after the old head is the new head
    only if they were written.

    Args:
        head: Where the journal ends now.
        doubt: Where it ended when the commit of unknown fate began; None if there is none.
        entries: What is to be written now, the doubtful ones first.
    """
    if doubt is None or not doubt.number < head.number <= doubt.number + len(entries):
        return 0
    found = doubt
    for entry in entries[: head.number - doubt.number]:
        found = end(link(found, entry))
    return head.number - doubt.number if found == head else 0
