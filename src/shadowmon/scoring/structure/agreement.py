"""
How many values two JSON documents agree in.

Objects are held against each other key by key, arrays place by place; but arrays of objects (a
receipt's lines, a page's entries) have no order: each object is held against the one that makes
the most of the whole agree.

Rule 1: null is absent. Where both documents say null, or neither has the key, they agree; only
the former is counted.
Rule 2: symmetric, to the last bit, as far as arrays are matched at all. Whatever is counted is a
whole number that does not depend on which of several equally good assignments was found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, TypeAlias

from shadowmon.scoring.structure.assignment import EXACT_MAX, best_assignment, prepare
from shadowmon.scoring.structure.documents import leaves
from shadowmon.scoring.structure.values import WHOLE, Values


LEAVES_MATCHED_MAX = 15_000
"""
Leaves of one array times leaves of the other, summed over a document's arrays: what finding the
best order may cost. Beyond it arrays are held place by place.
"""

_Json: TypeAlias = Any
_Tally: TypeAlias = tuple[int, int, int]
"""Leaves that agree; credit; leaves in all. Plain, because they are added up leaf by leaf."""
_AGREES: _Tally = (1, WHOLE, 1)
_PLAIN = frozenset({str, int, float, bool})
_ARRAYS = (list, tuple)
_HOLDERS = (dict, *_ARRAYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What two documents have in common."""

    agree: int
    """Leaves of the same path and the same value."""
    credit: int
    """Of all leaves, in parts of `WHOLE`: a leaf that differs may be right in part."""
    leaves: int
    """Leaves that are in either document."""

    @property
    def whole(self) -> bool:
        """Do they agree in everything?"""
        return self.agree == self.leaves

    @property
    def accuracy(self) -> float:
        """The share of leaves that agree; 1 of two documents that say nothing."""
        return self.agree / self.leaves if self.leaves else 1.0

    @property
    def partial(self) -> float:
        """The same with the credit for leaves that agree in part."""
        return self.credit / (WHOLE * self.leaves) if self.leaves else 1.0


class Comparison:
    """Holds documents against each other, two at a time."""

    def __init__(self, values: Values) -> None:
        prepare()
        self._same = values.same
        self._credit = values.credit
        self._left = 0

    def agreement(self, one: _Json, other: _Json) -> Agreement:
        """Return what two documents have in common."""
        self._left = LEAVES_MATCHED_MAX
        try:
            agree, credit, count = self._of(one, other)
        except RecursionError:  # nested deeper than Python calls; place by place, without recursion
            agree, credit, count = self._flat(one, other)
        return Agreement(agree=agree, credit=credit, leaves=count)

    def _of(self, one: _Json, other: _Json) -> _Tally:
        if isinstance(one, dict) and isinstance(other, dict):
            return self._objects(one, other) if one or other else _AGREES
        if isinstance(one, _ARRAYS) and isinstance(other, _ARRAYS):
            return self._arrays(one, other) if one or other else _AGREES
        if isinstance(one, _HOLDERS) or isinstance(other, _HOLDERS):
            return (0, 0, _count(one) + _count(other))
        return self._leaf(one, other)

    def _flat(self, one: _Json, other: _Json) -> _Tally:
        ours, theirs = dict(leaves(one)), dict(leaves(other))
        return _sum(self._leaf(ours.get(path), theirs.get(path)) for path in ours.keys() | theirs)

    def _leaf(self, one: object, other: object) -> _Tally:
        if self._same(one, other):
            return _AGREES
        return (0, self._credit(one, other), 1)

    def _objects(self, one: Mapping[str, _Json], other: Mapping[str, _Json]) -> _Tally:
        alike = agree = credit = count = 0
        for key, mine in one.items():
            if key not in other:
                count += _count(mine)
                continue
            theirs = other[key]
            kind = mine.__class__
            if kind in _PLAIN and kind is theirs.__class__ and mine == theirs:
                alike += 1  # a short cut, for what most answers have in common
            else:
                more = self._of(mine, theirs)
                agree, credit, count = agree + more[0], credit + more[1], count + more[2]
        if one.keys() != other.keys():
            count += sum(_count(each) for key, each in other.items() if key not in one)
        return alike + agree, alike * WHOLE + credit, alike + count

    def _arrays(self, one: Sequence[_Json], other: Sequence[_Json]) -> _Tally:
        if not (_of_objects(one) and _of_objects(other)):
            return self._in_place(one, other)
        # What is the same, and in its place or written alike, is taken out before anything is
        # weighed: it can be matched with nothing better, and is most of what there is.
        ours, theirs, same = self._apart(one, other, lambda mine, yours: mine == yours)
        ours, theirs, twins = _without_twins(ours, theirs)
        ours, theirs, more = self._apart(ours, theirs, lambda *_: True)
        assigned = self._assigned(ours, theirs)
        return _sum([*same, *more, *map(self._of, twins, twins), assigned])

    def _apart(
        self,
        one: Sequence[_Json],
        other: Sequence[_Json],
        is_likely: Callable[[_Json, _Json], bool],
    ) -> tuple[list[_Json], list[_Json], list[_Tally]]:
        """Return what differs from what is in its place, and the tallies of what does not."""
        same: dict[int, _Tally] = {}
        for place, (mine, yours) in enumerate(zip(one, other, strict=False)):
            if is_likely(mine, yours):
                tally = self._of(mine, yours)
                if tally[0] == tally[2]:
                    same[place] = tally
        left, rest = (
            [each for at, each in enumerate(side) if at not in same] for side in (one, other)
        )
        return left, rest, list(same.values())

    def _in_place(self, one: Sequence[_Json], other: Sequence[_Json]) -> _Tally:
        return _sum(self._of(mine, theirs) for mine, theirs in zip_longest(one, other))

    def _assigned(self, one: Sequence[_Json], other: Sequence[_Json]) -> _Tally:
        """
        Hold each object against the one that suits it best.

        As many leaves as can be are to agree; of the ways to that, the one with the most credit;
        of those, the one with the fewest leaves that stand alone. All three in one whole number.
        """
        if len(one) <= 1 and len(other) <= 1:
            return self._in_place(one, other)
        ours, theirs = [_count(each) for each in one], [_count(each) for each in other]
        cost = sum(ours) * sum(theirs)
        if cost > self._left:
            return self._in_place(one, other)
        self._left -= cost
        found = [[self._of(mine, yours) for yours in other] for mine in one]
        most = 1 + sum(max((agree for agree, *_ in row), default=0) for row in found)
        most += min(sum(ours), sum(theirs))
        if most * most * WHOLE * (2 * most + 1) > EXACT_MAX:
            return self._in_place(one, other)
        weights = [
            [
                (agree * most * WHOLE + credit) * (2 * most + 1) + ours[at] + theirs[to] - count
                for to, (agree, credit, count) in enumerate(row)
            ]
            for at, row in enumerate(found)
        ]
        pairs = best_assignment(weights)
        used, taken = {at for at, _ in pairs}, {to for _, to in pairs}
        alone = sum(size for at, size in enumerate(ours) if at not in used)
        alone += sum(size for to, size in enumerate(theirs) if to not in taken)
        return _sum([(0, 0, alone), *(found[at][to] for at, to in pairs)])


def _without_twins(
    one: Sequence[_Json], other: Sequence[_Json]
) -> tuple[list[_Json], list[_Json], list[_Json]]:
    """Return what is left of each without what stands in both, written alike; and that."""
    ours, theirs = [repr(each) for each in one], [repr(each) for each in other]
    shared = Counter(ours) & Counter(theirs)
    if not shared:
        return list(one), list(other), []
    left, twins = _taken(one, ours, Counter(shared))
    rest, _ = _taken(other, theirs, Counter(shared))
    return left, rest, twins


def _taken(
    array: Sequence[_Json], written: Sequence[str], shared: Counter[str]
) -> tuple[list[_Json], list[_Json]]:
    """Return what is left of an array in its order, and what was taken out of it."""
    left, taken = [], []
    for each, text in zip(array, written, strict=True):
        if shared[text] > 0:
            shared[text] -= 1
            taken.append(each)
        else:
            left.append(each)
    return left, taken


def _of_objects(array: Sequence[_Json]) -> bool:
    return all(isinstance(each, dict) for each in array)


def _count(node: _Json) -> int:
    """Return how many leaves are in a document; null is none."""
    if isinstance(node, dict):
        return sum(map(_count, node.values())) if node else 1
    if isinstance(node, _ARRAYS):
        return sum(map(_count, node)) if node else 1
    return 0 if node is None else 1


def _sum(tallies: Iterable[_Tally]) -> _Tally:
    agree = credit = count = 0
    for more in tallies:
        agree, credit, count = agree + more[0], credit + more[1], count + more[2]
    return agree, credit, count
