"""Records joined into requests, over any number of files and in any order."""

from __future__ import annotations

from shadowmon.traffic.recordings.index import ALONE, LONG_ID, NO_ID, REPEATED, Index, fingerprint
from shadowmon.traffic.recordings.recording import Kind, Part, Unusable


def a_part(key, *kinds, at=None, number=1):
    """Return a record."""
    return Part(
        key=key, kinds=kinds or (Kind.REQUEST,), at=at, number=number, offset=0, length=number
    )


def joined(*parts):
    """Index records of as many files; return the slots, and what was refused."""
    refused: list[tuple[str, int, int]] = []
    index = Index(lambda *told: refused.append(told))
    for file, part in enumerate(parts):
        index.add(file, part)
    return index.slots(), refused


def test_an_answer_may_come_first():
    """A request and its answer meet whatever their order, over files."""
    (slot,), refused = joined(a_part("a", Kind.BASELINE, number=7), a_part("a", number=9))

    assert refused == []
    assert (slot.places[Kind.REQUEST].number, slot.places[Kind.BASELINE].number) == (9, 7)
    assert slot.first.file == 1


def test_the_order_of_the_times():
    """Requests come in the order in which they were made."""
    slots, _ = joined(a_part("b", at=2.0), a_part("a", at=1.0), a_part("c", at=3.0))

    assert [slot.id for slot in slots] == ["a", "b", "c"]


def test_without_all_times():
    """If one of them does not tell its time, the files' order holds."""
    slots, _ = joined(a_part("b", at=2.0), a_part("a"), a_part("c", at=1.0))

    assert [slot.id for slot in slots] == ["b", "a", "c"]


def test_what_cannot_be_joined():
    """Answers without requests, and whatever is there twice, are refused with their places."""
    slots, refused = joined(
        a_part("a"),
        a_part("a", number=2),
        a_part("a", Kind.BASELINE, number=3),
        a_part("a", Kind.BASELINE, number=4),
        a_part("z", Kind.OPTIMIZED, number=5),
        Unusable(number=6, problem="broken"),
        a_part("", number=7),
        a_part("x" * 300, number=8),
    )

    assert [slot.id for slot in slots] == ["a"]
    assert refused == [
        (REPEATED, 1, 2),
        (REPEATED, 3, 4),
        ("broken", 5, 6),
        (NO_ID, 6, 7),
        (LONG_ID, 7, 8),
        (ALONE, 4, 5),
    ]


def test_both_models_logs_may_tell_the_request():
    """Where each model's record holds the request too, the baseline's is the one that counts."""
    (slot,), refused = joined(
        a_part("a", Kind.REQUEST, Kind.OPTIMIZED, at=5.0, number=1),
        a_part("a", Kind.REQUEST, Kind.BASELINE, at=4.0, number=2),
        a_part("a", Kind.REQUEST, Kind.BASELINE, number=3),
    )

    assert refused == [(REPEATED, 2, 3)]
    assert (slot.places[Kind.REQUEST].number, slot.at) == (2, 4.0)
    assert slot.places[Kind.OPTIMIZED].number == 1


def test_a_fingerprint():
    """Another recording has another fingerprint; the same one always has the same."""
    one, _ = joined(a_part("a"), a_part("b"))
    same, _ = joined(a_part("a"), a_part("b"))
    longer, _ = joined(a_part("a"), a_part("b"), a_part("c"))
    changed, _ = joined(a_part("a"), a_part("b", number=2))

    assert fingerprint(one) == fingerprint(same)
    assert len({fingerprint(each) for each in (one, longer, changed)}) == 3
