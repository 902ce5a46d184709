"""Receipts' four fields (tests/data/sroie), and how models write them: rightly, and wrongly."""

from __future__ import annotations

import json

from collections.abc import Callable
from pathlib import Path
from typing import Any

from shadowmon.scoring.structure.amounts import amount
from shadowmon.scoring.structure.dates import readings


Receipt = dict[str, Any]


def read_receipts(file: Path) -> list[Receipt]:
    """Return the receipts of which every field was read, without their numbers."""
    receipts = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    fields = [{key: each[key] for key in each if key != "id"} for each in receipts]
    return [each for each in fields if len(each) == 4 and all(each.values())]


def as_number(receipt: Receipt) -> Receipt:
    """Write the total as a number."""
    found = amount(receipt["total"])
    assert found is not None
    return receipt | {"total": float(found.value)}


def with_currency(receipt: Receipt) -> Receipt:
    """Write the total with its currency, where it has none."""
    bare = receipt["total"][0].isdigit()
    return receipt | {"total": f"RM {receipt['total']}" if bare else receipt["total"]}


def as_iso(receipt: Receipt) -> Receipt:
    """Write the date as ISO 8601 has it."""
    date = readings(receipt["date"])[0]
    assert date is not None
    return receipt | {"date": date.date().isoformat()}


def in_words(receipt: Receipt) -> Receipt:
    """Write the date with the month's name."""
    date = readings(receipt["date"])[0]
    assert date is not None
    return receipt | {"date": date.strftime("%d %B %Y")}


def in_lower_case(receipt: Receipt) -> Receipt:
    """Write every field in lower case, with other blanks."""
    return {key: value.lower().replace(" ", "  ") for key, value in receipt.items()}


def with_nulls(receipt: Receipt) -> Receipt:
    """Add a field that is null."""
    return receipt | {"cashier": None}


def other_digit(receipt: Receipt) -> Receipt:
    """Change the last digit of the total."""
    total = receipt["total"]
    return receipt | {"total": total[:-1] + str((int(total[-1]) + 1) % 10)}


def other_point(receipt: Receipt) -> Receipt:
    """Lose the decimal point of the total."""
    return receipt | {"total": receipt["total"].replace(".", "")}


def next_year(receipt: Receipt) -> Receipt:
    """Take the date a year on."""
    date = readings(receipt["date"])[0]
    assert date is not None
    return receipt | {"date": f"{date.year + 1}-{date.month:02}-{date.day:02}"}


def no_company(receipt: Receipt) -> Receipt:
    """Leave the company out."""
    return {key: value for key, value in receipt.items() if key != "company"}


def null_address(receipt: Receipt) -> Receipt:
    """Say that there is no address."""
    return receipt | {"address": None}


Change = Callable[[Receipt], Receipt]

LAYOUTS: tuple[Change, ...] = (
    *(as_number, with_currency, as_iso, in_words, in_lower_case, with_nulls),
)
LOSSES: tuple[Change, ...] = (other_digit, other_point, next_year, no_company, null_address)
