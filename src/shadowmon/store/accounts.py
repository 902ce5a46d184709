"""
Accounts as they are kept: counts as bytes, and the accounts of workers that are gone, folded.

Counts are short where most places are zero, as they are in a histogram. Every number is an
unsigned LEB128 varint (seven bits a byte, the lowest first, the top bit says that more follow).
First the number of places; then for each place that is not zero the number of zeros skipped since
the last one, and its count:

    (0, 0, 5, 0, 300)  ->  5 | 2 5 | 1 300  ->  05 02 05 01 AC 02

The same counts always have the same bytes.

A worker has a new name after each start, so that accounts would pile up for ever. The ones of
workers that are gone are added up under one name, RETIRED; each worker's own are removed in the
same transaction, so that nothing is ever counted twice, and the worker's name is noted, so that
a report of it that comes late is not remembered once more.
"""

from __future__ import annotations

from collections.abc import Iterator

from shadowmon.records import Counts


RETIRED = "retired"
"""The incarnation that stands for all whose accounts were folded; no worker may be called that."""

RETIRED_KEPT = 1000
"""Names of retired workers that are noted, the newest ones: a report is late by seconds."""

_PLACES_MAX = 1_000_000
_SEVEN_BITS = 0x7F
_MORE = 0x80


def pack(counts: Counts) -> bytes:
    """
    Return the bytes of `counts`.

    Raises:
        ValueError: If a count is negative.

    """
    packed = bytearray()
    _append(packed, len(counts))
    skipped = 0
    for count in counts:
        if count < 0:
            msg = f"counts {counts} must not be negative"
            raise ValueError(msg)
        if count == 0:
            skipped += 1
            continue
        _append(packed, skipped)
        _append(packed, count)
        skipped = 0
    return bytes(packed)


def unpack(packed: bytes) -> Counts:
    """
    Return the counts that `pack` was given.

    Raises:
        ValueError: If no counts have these bytes.

    """
    numbers = _numbers(packed)
    places = next(numbers, None)
    if places is None or places > _PLACES_MAX:
        msg = f"{len(packed)} bytes are no counts: they do not begin with a number of places"
        raise ValueError(msg)
    counts = [0] * places
    at = -1
    for skipped in numbers:
        at += skipped + 1
        count = next(numbers, None)
        if at >= places or not count:
            msg = f"{len(packed)} bytes are no counts: place {at} of {places} has {count}"
            raise ValueError(msg)
        counts[at] = count
    return tuple(counts)


def add(one: Counts, other: Counts) -> Counts:
    """
    Return the sums, place by place.

    Raises:
        ValueError: If they have not the same number of places.

    """
    if len(one) != len(other):
        msg = f"counts of {len(one)} and of {len(other)} places do not add"
        raise ValueError(msg)
    return tuple(map(int.__add__, one, other))


def _append(packed: bytearray, number: int) -> None:
    while number > _SEVEN_BITS:
        packed.append(number & _SEVEN_BITS | _MORE)
        number >>= 7
    packed.append(number)


def _numbers(packed: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in packed:
        number |= (byte & _SEVEN_BITS) << shift
        shift += 7
        if byte < _MORE:
            yield number
            number = shift = 0
    if shift:
        msg = f"{len(packed)} bytes are no counts: they end within a number"
        raise ValueError(msg)
