from __future__ import annotations

import math

from itertools import combinations, permutations

import pytest

from shadowmon.scoring.numeric.ranks import kendall_distance, ndcg, rank_biased_overlap


def prefix_overlap(one, other, depth):
    return len(set(one[:depth]) & set(other[:depth]))


def slow_overlap(one, other, p):
    """RBO of two lists of one length by its definition; the last agreement goes on for ever."""
    depth = len(one)
    agreements = [prefix_overlap(one, other, d) / d for d in range(1, depth + 1)]
    agreements += [agreements[-1]] * 3000
    return (1 - p) * sum(p**at * each for at, each in enumerate(agreements))


@pytest.mark.parametrize("other", list(permutations("abcd")))
def test_overlap_is_its_definition(other):
    """Of lists of one length the closed form is the endless sum."""
    assert rank_biased_overlap("abcd", other) == pytest.approx(slow_overlap("abcd", other, 0.9))


def test_overlap_of_lists_of_different_length():
    """Beyond the shorter list its overlap goes on at the rate it had (worked by hand, p = 1/2)."""
    # X = 1, 2, 2: 1/2 + 1/4 + 1/12, then 2 * 1 / (2 * 3) / 8, then (0 / 3 + 2 / 2) / 8
    assert rank_biased_overlap("ab", "abc", 0.5) == pytest.approx(1.0)
    # X = 0, 1, 2: 0 + 1/8 + 1/12, then 1 * 1 / (2 * 3) / 8, then (1 / 3 + 1 / 2) / 8
    expected = 1 / 8 + 1 / 12 + 1 / 48 + 5 / 48
    assert rank_biased_overlap("ab", "cab", 0.5) == pytest.approx(expected)


def test_overlap_at_its_ends():
    """The same order is 1, nothing in common is 0, and it does not matter which comes first."""
    assert rank_biased_overlap("abc", "abc") == pytest.approx(1.0, abs=1e-15)
    assert rank_biased_overlap("abc", "xyz") == 0.0
    assert rank_biased_overlap("", "") == 1.0
    assert rank_biased_overlap("", "a") == 0.0
    assert rank_biased_overlap("ab", "bcde") == rank_biased_overlap("bcde", "ab")


def test_gain_is_discounted_by_place():
    """Worked by hand: gains 3, 2, 1 at the discounts 1, log2 3 and 2."""
    best = 3 + 2 / math.log2(3) + 1 / 2
    assert ndcg("abc", "abc") == 1.0
    assert ndcg("abc", "cba") == pytest.approx((1 + 2 / math.log2(3) + 3 / 2) / best)
    assert ndcg("abc", "xya") == pytest.approx((3 / 2) / best)
    assert ndcg("abc", "xyz") == 0.0
    assert ndcg("", "xyz") == 1.0


def test_gain_beyond_the_depth_is_nothing():
    """What comes after the first places neither gains nor is looked for."""
    assert ndcg("abcd", "abdc", depth=2) == 1.0
    assert ndcg("abcd", "cdab", depth=2) == 0.0


@pytest.mark.parametrize("other", list(permutations("abcd")))
def test_kendall_counts_the_pairs_that_changed(other):
    """Of two orders of the same things it is the share of pairs in another order."""
    changed = sum(
        other.index(before) > other.index(after) for before, after in combinations("abcd", 2)
    )
    assert kendall_distance("abcd", other) == changed / 6


def test_kendall_of_lists_that_name_other_things():
    """What is not named comes last; a pair that one list leaves wholly out counts half."""
    # a-b the same; a-c, b-c: one list says before, the other has c alone: no change, no change
    assert kendall_distance("ab", "abc") == 0.0
    # pairs of a, b, c, d: ab open, cd open, the other four reversed: all there can be
    assert kendall_distance("ab", "cd") == 1.0
    # ab: same; ac, bc: c came from behind, twice
    assert kendall_distance("ab", "cab") == pytest.approx(2 / 3)
    # bc open, which is half; ab, ac as they were; of 3 - 1/2
    assert kendall_distance("abc", "a") == pytest.approx(0.5 / 2.5)


def test_kendall_of_next_to_nothing():
    """Without a pair there is nothing to change; one thing for another is a change."""
    assert kendall_distance("a", "a") == 0.0
    assert kendall_distance("a", "b") == 1.0
    assert kendall_distance("", "") == 0.0
