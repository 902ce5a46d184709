"""A forecast, written out."""

from __future__ import annotations

import json
import math

import pytest

from shadowmon.cli.planned import duration, lines
from shadowmon.cli.planned_json import to_json
from shadowmon.cli.planned_plot import plot
from shadowmon.config.settings import Settings
from shadowmon.daemon.build import trial_plans
from shadowmon.daemon.forecast import Assumed, forecast
from shadowmon.records import SliceName


DAYS = 30.0
BANK = SliceName("bank")


def found(**assumed):
    """Forecast a classification with labels, an edge slice, and a slice that is required."""
    model = {"url": "http://127.0.0.1:9"}
    required = {"metric": "primary", "slice": "bank", "acceptable": 0.1}
    settings = Settings.model_validate(
        {
            "models": {"fp32": model, "int8": model},
            "routes": {"digits": {"baseline": "fp32"}},
            "trials": {
                "int8": {
                    "route": "digits",
                    "optimized": "int8",
                    "task": "classification",
                    "labels": {"expected": "all"},
                    "policy": {"required": [required]},
                }
            },
            "traffic": {"slices": {"bank": {"header": "x-tenant", "equals": "bank", "edge": True}}},
        }
    )
    return forecast(settings, trial_plans(settings)[0], Assumed(**assumed))


def written(forecast, days=DAYS):
    """Return a forecast as text."""
    return "\n".join(lines(forecast, days=days))


def test_what_is_asked():
    """Each rule's claim is told, its pairs at three truths, and the time they take."""
    text = written(found(requests_per_second=20.0, shares={BANK: 0.1}))

    assert text.startswith("trial int8: int8 against fp32, classification, judged by correct (lab")
    assert "assumed: 20 requests a second, the baseline right in 90.0 % and failing" in text
    assert "\n  quality: correct below a relative drop of 5.0 %\n    at no loss  " in text
    assert "\n    at half of the limit (2.5 %)  " in text
    assert "\n  errors: error below an absolute rise of 1.0 %, anew in each stage\n" in text
    assert "\n  core_quality: correct above a relative drop of 5.0 %\n    at 1.5 times the" in text
    assert "\na loss is one of correct alone, and all else (errors too) loses nothing:\n" in text
    assert "\n  shadow -> 1%: no loss: " in text
    assert "(at least 200 pairs and 10 min; longest is " in text
    assert "  1 %: 392, " in text
    assert "baseline alone has 0: 8, 1: 14, " in text
    assert "a single one, proof or not, takes all of its traffic away" in text
    assert text.endswith("Your traffic can prove all of this in 30 days.")


def test_what_the_traffic_cannot_prove():
    """A slice that is too thin is told in a sentence, with the pairs, the time, and what to do."""
    text = written(found(requests_per_second=1.0, shares={BANK: 1e-5}))

    assert "What your traffic cannot prove in 30 days:\n" in text
    assert (
        "  required_correct: that correct in slice bank is below a relative drop of 10.0 %, at no "
        "loss, takes "
    ) in text
    assert "Sample more of it, widen the limit, or know that it is not covered." in text
    assert "Your traffic can prove all of this" not in text


def test_patience():
    """What cannot be proven depends on how long one is ready to wait."""
    whole = found(requests_per_second=20.0, shares={BANK: 0.1})

    assert "cannot prove in 0.01 days" in written(whole, days=0.01)
    assert "cannot prove" not in written(whole)


def test_without_traffic():
    """Without a rate no time is told, and the flag is; pairs are told all the same."""
    text = written(found())

    assert "traffic unknown (--rate)" in text
    assert " pairs\n" in text
    assert "shadow -> 1%: time unknown (" in text
    assert text.endswith(
        "How long any of this takes is not known without your traffic: give --rate."
    )


def test_without_a_share():
    """A slice whose share is not known is named, with the flag that tells it."""
    text = written(found(requests_per_second=20.0))

    assert "time unknown: give --share bank=…" in text
    assert text.endswith("Not known: the share of bank in your traffic: give --share bank=0.03.")


def test_never():
    """What can never be proven is called so."""
    text = written(found(loss=0.05, requests_per_second=20.0))

    assert "    at a loss of 5.0 %                   never\n" in text


def test_as_json():
    """As JSON every number is finite or null, and the same sentences are there."""
    whole = found(requests_per_second=20.0, shares={BANK: 1e-6}, loss=0.05)

    told = json.loads(json.dumps(to_json(whole, days=DAYS), allow_nan=False))

    quality = told["promote"][0]
    assert (quality["rule"], quality["limit"], quality["side"]) == ("quality", 0.05, "better")
    assert quality["at"][0]["pairs_median"] == whole.promote[0].at[0].pairs.median
    assert quality["at"][-1]["pairs_median"] is None
    assert len(told["config_hash"]) == 64
    assert [stage["to"] for stage in told["stages"]] == ["1%", "10%", "50%", "100%"]
    assert told["assumed"]["shares"] == {"bank": 1e-6}
    assert told["cannot_prove"]


def test_plot():
    """Both curves are drawn with plain characters: the climb to the left, the fall to the right."""
    drawn = list(plot(found()))

    rows = [row.partition("|")[2] for row in drawn if "|" in row]
    climbs = [row.index("*") for row in rows if "*" in row]
    falls = [row.rindex("o") for row in rows if "o" in row]
    assert all(line.isascii() for line in drawn)
    assert max(map(len, drawn)) <= 80
    assert climbs == sorted(climbs, reverse=True)
    assert falls == sorted(falls)
    assert max(climbs) < min(falls)
    assert drawn[-1].split()[::2] == ["0.0", "5.6", "11.3", "16.9", "22.5"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7199, "120 min"),
        (7200, "2.0 h"),
        (36_000, "10 h"),
        (3 * 86_400, "3 days"),
        (86_400_000, "1,000 days"),
        (math.inf, "never"),
    ],
)
def test_durations(seconds, words):
    """Times are written in the unit that people would take."""
    assert duration(seconds) == words
