"""What several processes counted adds up, or is refused."""

from __future__ import annotations

import json

from dataclasses import replace

import pytest

from shadowmon.daemon.parts import Part, Shard, from_file, to_file, together
from shadowmon.errors import RefusedError
from shadowmon.policy.settings import PolicySettings
from shadowmon.records import EVERYTHING, Cell, MetricName
from tests.factories import NOON
from tests.trials import INT8, a_plan


CELL = Cell(trial_id=INT8, epoch=1, stage=0, metric=MetricName("correct"), slice=EVERYTHING)

DIFFERENT = (
    "these parts were counted for different trials, limits, bets or scoring: they do not add"
)


def a_part(number=1, of=2, **changes):
    """Return what one shard counted; any field may be named."""
    part = Part(
        plan=a_plan(),
        shards=(Shard(number=number, of=of),),
        pairs=10,
        refused={"no JSON": number},
        scorer_failures={"text": 1},
        labels_unused=0,
        last_at=NOON,
        accounts={CELL: (1, 0, number, 8, 0)},
    )
    return replace(part, **changes)


def test_round_trip():
    """A part that was written and read back is the same part, and has the same bytes."""
    part = a_part()

    again = from_file(to_file(part))

    assert again == part
    assert to_file(from_file(to_file(again))) == to_file(again)
    assert list(again.plan.metrics) == list(part.plan.metrics)


def test_parts_add():
    """Counts, pairs and refusals are sums, whatever the order."""
    one, two = a_part(1), a_part(2, last_at=None)

    whole = together([two, one])

    assert whole.accounts == {CELL: (2, 0, 3, 16, 0)}
    assert (whole.pairs, whole.refused, whole.scorer_failures) == (20, {"no JSON": 3}, {"text": 2})
    assert (whole.shards, whole.last_at) == ((Shard(number=1, of=1),), NOON)
    assert to_file(whole) == to_file(together([one, two]))


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ([], "there is no part to merge"),
        ([a_part(1, 3), a_part(3, 3)], "shard 2/3 is missing"),
        ([a_part(1), a_part(1), a_part(2)], "shard 1/2 is there 2 times"),
        ([a_part(1, 2), a_part(2, 3)], "parts of 2 and of 3 shards do not add"),
        (
            [a_part(1), a_part(2, plan=a_plan(policy=PolicySettings(acceptable=0.01)))],
            DIFFERENT,
        ),
        (
            [a_part(1), a_part(2, plan=a_plan(meaning={"scoring.typed_fields": "other"}))],
            DIFFERENT,
        ),
    ],
)
def test_parts_that_do_not_add(parts, problem):
    """What does not belong together, is missing, or is there twice is refused."""
    with pytest.raises(RefusedError) as refused:
        together(parts)

    assert str(refused.value) == problem


def _without(key):
    told = json.loads(to_file(a_part()))
    del told[key]
    return json.dumps(told)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"format": "other"}', _without("plan"), _without("accounts")],
)
def test_no_part(text):
    """A file that is no part is refused as such."""
    with pytest.raises(RefusedError, match="it is no part of a replay"):
        from_file(text)


def test_every_id_is_in_one_shard():
    """The shards share all ids out, about equally."""
    ids = [(number * 2654435761 % 2**64).to_bytes(8, "big") for number in range(3_000)]

    found = [[shard.has(each) for each in ids] for shard in _shards(3)]

    assert all(sum(each) == 1 for each in zip(*found, strict=True))
    assert all(800 < sum(each) < 1_200 for each in found)


def _shards(of):
    return [Shard(number=number, of=of) for number in range(1, of + 1)]
