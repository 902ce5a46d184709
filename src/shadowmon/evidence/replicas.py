"""
Many replicas count; whoever adds up what they published gets what one would have counted.

A replica publishes all that it counted since it began, under a name that no other and no later
beginning of its own ever has (its incarnation), with a number that rises with each publication. Of
two publications of one incarnation the later holds all of the earlier. So to keep the one with the
higher number is enough (a state-based grow-only counter: Shapiro et al., Conflict-free replicated
data types, SSS 2011), and

Rule 1: `merge` is associative, commutative and idempotent: publications may be lost, sent again,
doubled, and come in any order or by any way round.
Rule 2: the total is a sum of integers: the evidence of any number of replicas is, to the last bit,
that of one stream.

Accounts lie packed in one array, for a total is taken at every look: cells that are counted
everywhere are added as one row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from numpy.typing import NDArray

from shadowmon.records import Cell, Counts


Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layout:
    """Which cell's account begins where in a packed row. Replicas that count alike share one."""

    places: Mapping[Cell, int]
    """Cell -> how many integers its account has, in the order of the row."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Packed:
    """Accounts in one row of integers."""

    layout: Layout
    row: Integers


def pack(accounts: Mapping[Cell, Counts], layout: Layout | None = None) -> Packed:
    """
    Pack accounts into a row.

    Args:
        accounts: By cell.
        layout: One to share, if it is of these very cells; else a new one is made.

    """
    places = {cell: len(counts) for cell, counts in accounts.items()}
    if layout is None or layout.places != places:
        layout = Layout(places=places)
    counts = [count for cell in layout.places for count in accounts[cell]]
    return Packed(layout=layout, row=np.array(counts, dtype=np.int64))


def unpack(packed: Packed) -> dict[Cell, Counts]:
    """Return the accounts of a row."""
    counts, begin, accounts = packed.row.tolist(), 0, {}
    for cell, places in packed.layout.places.items():
        accounts[cell] = tuple(counts[begin : begin + places])
        begin += places
    return accounts


def add_up(many: Iterable[Packed]) -> Packed:
    """
    Add rows, cell by cell.

    Raises:
        ValueError: If two accounts of one cell have not the same number of places.

    """
    sums: dict[int, Packed] = {}
    for packed in many:
        so_far = sums.get(id(packed.layout))
        if so_far is None:
            sums[id(packed.layout)] = Packed(layout=packed.layout, row=packed.row.copy())
        else:
            np.add(so_far.row, packed.row, out=so_far.row)
    if len(sums) == 1:
        return next(iter(sums.values()))
    return _of_different_layouts(sums.values())


def _of_different_layouts(rows: Iterable[Packed]) -> Packed:
    rows = list(rows)
    places: dict[Cell, int] = {}
    for packed in rows:
        for cell, count in packed.layout.places.items():
            if places.setdefault(cell, count) != count:
                message = f"{cell}: accounts of {places[cell]} and {count} places do not add"
                raise ValueError(message)
    begins = dict(zip(places, _begins(places.values()), strict=True))
    total = np.zeros(sum(places.values()), dtype=np.int64)
    for packed in rows:
        theirs = packed.layout.places
        for (cell, count), begin in zip(theirs.items(), _begins(theirs.values()), strict=True):
            where = begins[cell]
            total[where : where + count] += packed.row[begin : begin + count]
    return Packed(layout=Layout(places=places), row=total)


def _begins(places: Iterable[int]) -> list[int]:
    begins, begin = [], 0
    for count in places:
        begins.append(begin)
        begin += count
    return begins


# --- Publications ----------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Published:
    """What one incarnation has counted since it began."""

    number: int
    """Of this publication; the next has a higher one."""
    accounts: Packed


Replicas: TypeAlias = Mapping[str, Published]
"""Incarnation -> the newest that is known of it."""


def merge(one: Replicas, other: Replicas) -> dict[str, Published]:
    """Return the newest of what two know of each incarnation."""
    merged = dict(one)
    for incarnation, published in other.items():
        known = merged.get(incarnation)
        if known is None or known.number < published.number:
            merged[incarnation] = published
    return merged


def total(replicas: Replicas) -> dict[Cell, Counts]:
    """Return the account of each cell over all incarnations, gone ones too."""
    if not replicas:
        return {}
    return unpack(add_up(published.accounts for published in replicas.values()))
