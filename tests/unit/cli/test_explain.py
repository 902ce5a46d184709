"""An explanation, written out."""

from __future__ import annotations

import math
import re

from shadowmon.cli.explain import lines
from shadowmon.console import shapes
from shadowmon.records import Side
from tests.journals import a_journalled_verdict
from tests.views import a_rule_view, a_trial_view, a_verdict, a_verdict_row


def written(told):
    """Return an explanation as text."""
    return "\n".join(lines(told))


def test_numbers_to_compute_again():
    """Claim, counts, e-value and need of each rule are all there, to be computed again."""
    text = written(shapes.explain(a_trial_view()))

    assert text.startswith("trial int8, now, epoch 2, 2026-01-01T12:00:00.000Z\n")
    assert "relative_drop of correct in slice all is below 0.05" in text
    assert "counts     2200 40 17 53 4" in text
    assert "e-value    4.48169 of 20.0855 needed (log 1.5 of 3): not proven" in text
    assert "weight     0.5 of what can take weight away" in text
    assert "edge_slice (not armed)" in text
    assert "averaged: 1.28403 of 99.4843 needed (log 0.25 of 4.6): not proven" in text


def test_numbers_at_their_ends():
    """An e-value of zero, one beyond a float, and a figure that is not there are told as such."""
    rules = (
        a_rule_view("none", log_e=-math.inf),
        a_rule_view("huge", log_e=5000.0),
    )
    text = written(shapes.explain(a_trial_view(rules=rules, verdict=None)))

    assert "no verdict yet" in text
    assert "0 of 20.0855 needed (log - of 3): not proven" in text
    assert "beyond a float of 20.0855 needed (log 5000 of 3): proven" in text


def test_journalled_verdict():
    """A verdict of the journal says its number and its hash."""
    rules = (a_rule_view(), a_rule_view("core_quality", Side.WORSE))
    text = written(shapes.explain_entry(a_verdict_row(7, a_verdict(*rules))))

    assert "trial int8, journal entry 7, epoch 2" in text
    assert f"hash {7:064x}" in text
    assert "counts     2200 40 17 53 4" in text


def test_hostile_text():
    """What stands in names and sentences moves no cursor and forges no line."""
    hostile = "x\x1b[2J\nforged"
    rule = a_rule_view(hostile)
    view = a_trial_view(trial_id=hostile, rules=(rule,), verdict=a_verdict(rule, sentence=hostile))

    for line in lines(shapes.explain(view)):
        assert line.isprintable()
        assert not line.startswith("forged")


async def test_receipts():
    """Places, bets, shares and fresh beginnings are written out, and the formula with them."""
    text = written(await a_journalled_verdict())

    assert "  places     counted / unit, and what a bet of 1 wins there\n" in text
    assert re.search(r"^    baseline only    \d+ / 1, 0.95$", text, re.MULTILINE)
    assert re.search(r"^  bets       0\.\d+ 0\.\d+ ", text, re.MULTILINE)
    assert re.search(r"^  shares     0\.\d+ ", text, re.MULTILINE)
    assert re.search(
        r"^  fresh      \d+ beginnings, the newest after \d+ pairs; ", text, re.MULTILINE
    )
    assert text.endswith("half of this and half of what those own.")
