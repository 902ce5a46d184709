"""Field accuracy on real receipts (tests/data/sroie), perturbed as models do it."""

from __future__ import annotations

import json

from pathlib import Path

import pytest

from shadowmon.scoring.settings import ScoringSettings
from shadowmon.scoring.structure.agreement import Comparison
from shadowmon.scoring.structure.fields import values_of
from tests.receipts import LAYOUTS, LOSSES, read_receipts


RECEIPTS = read_receipts(Path(__file__).parents[3] / "data/sroie/keys.jsonl")
COMPARISON = Comparison(values_of(ScoringSettings()))


def held(answer, truth):
    return COMPARISON.agreement(truth, answer)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda change: change.__name__)
def test_layout_is_no_loss(layout):
    """What a person reads as the same receipt is exact: another form of date, amount or case."""
    assert all(held(layout(receipt), receipt).whole for receipt in RECEIPTS)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda change: change.__name__)
def test_one_wrong_field_is_one_of_four(loss):
    """A receipt with one field wrong or left out is right in three of four."""
    for receipt in RECEIPTS:
        found = held(loss(receipt), receipt)
        assert not found.whole
        assert found.accuracy == 0.75
        assert 0.75 <= found.partial < 1.0


def test_address_that_is_nearly_right():
    """An address that lacks its last word is wrong, and in part right."""
    for receipt in RECEIPTS:
        short = receipt | {"address": " ".join(receipt["address"].split()[:-1])}
        found = held(short, receipt)
        assert found.accuracy == 0.75
        assert 0.9 < found.partial < 1.0


def test_receipts_of_others():
    """The fields of another receipt agree in next to nothing."""
    others = RECEIPTS[1:] + RECEIPTS[:1]
    found = [held(other, mine).accuracy for other, mine in zip(others, RECEIPTS, strict=True)]
    assert sum(found) / len(found) < 0.1


def test_list_of_receipts_has_no_order():
    """A page of receipts is compared receipt by receipt, in whatever order they come."""
    page = {"receipts": RECEIPTS}
    shuffled = {"receipts": json.loads(json.dumps(RECEIPTS[7:] + RECEIPTS[:7]))}
    assert held(shuffled, page).whole
    shuffled["receipts"][3]["total"] = "0.01"
    assert held(shuffled, page).accuracy == pytest.approx(1 - 1 / (4 * len(RECEIPTS)))
