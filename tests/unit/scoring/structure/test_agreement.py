from __future__ import annotations

from itertools import permutations

import pytest

from shadowmon.scoring.structure.agreement import LEAVES_MATCHED_MAX, Comparison
from shadowmon.scoring.structure.values import Values


COMPARISON = Comparison(Values(tolerance=1e-9, typed=False, fold=True))


def held(one, other):
    found = COMPARISON.agreement(one, other)
    assert found == COMPARISON.agreement(other, one)
    return found


def counts(one, other):
    found = held(one, other)
    return found.agree, found.leaves


def test_share_of_fields_that_differ():
    """One of four fields differs, one is missing, one is new: two of five agree."""
    one = {"a": 1, "b": {"c": "x", "d": True}, "e": 3}
    other = {"a": 1, "b": {"c": "y", "d": True}, "f": 4}
    assert counts(one, other) == (2, 5)


def test_order_of_keys_does_not_count_and_of_items_does():
    """An object has no order, an array of plain values has."""
    assert counts({"a": 1, "b": 2}, {"b": 2, "a": 1}) == (2, 2)
    assert counts([1, 2], [2, 1]) == (0, 2)


def test_null_is_absent():
    """A field that is null is as good as none; where both say so, they agree."""
    assert counts({"a": None, "b": 1}, {"b": 1}) == (1, 1)
    assert counts({"a": None}, {"a": None}) == (1, 1)
    assert counts({"a": None}, {"a": 1}) == (0, 1)
    assert counts({"a": None}, {}) == (0, 0)
    assert held({"a": None}, {}).accuracy == 1.0


def test_empty_documents_are_the_same():
    """An empty object is a leaf: two of them agree."""
    assert counts({}, {}) == (1, 1)
    assert counts({"a": []}, {"a": []}) == (1, 1)


def test_shapes_that_differ():
    """An array is no object and no value: nothing in it agrees with any."""
    assert counts({"a": [1, 2]}, {"a": {"x": 1}}) == (0, 3)
    assert counts({"a": [1, 2]}, {"a": 1}) == (0, 3)
    assert counts({"a": []}, {"a": [1, 2]}) == (0, 2)


def test_keys_with_dots_are_not_paths():
    """A key that looks like a path is not that path."""
    assert counts({"a.b": 1}, {"a": {"b": 1}}) == (0, 2)


LINES = [
    {"item": "tea", "price": 3},
    {"item": "milk", "price": 2},
    {"item": "sugar", "price": 2},
]


@pytest.mark.parametrize("order", list(permutations(LINES)))
def test_objects_in_an_array_have_no_order(order):
    """Every order of a receipt's lines is the same receipt."""
    assert counts({"lines": LINES}, {"lines": list(order)}) == (6, 6)


def test_line_that_was_left_out():
    """A line that only one side has costs its own fields, and no other's."""
    assert counts(LINES, LINES[1:]) == (4, 6)
    assert counts(LINES[:1], LINES) == (2, 6)
    assert counts([], LINES) == (0, 6)


def test_one_wrong_price_in_another_order():
    """Each line is held against the one that makes most of the whole agree."""
    assert counts(LINES, [{"item": "sugar", "price": 9}, LINES[0], LINES[1]]) == (5, 6)


def test_closest_words_decide_where_nothing_agrees():
    """Lines of which no field is quite right are held against those they resemble."""
    one = [{"item": "green tea"}, {"item": "oat milk"}]
    other = [{"item": "milk of oat"}, {"item": "tea, green, loose"}]
    assert held(one, other).partial == pytest.approx(0.8)


def test_nested_arrays_of_objects():
    """Orders are free at every depth."""
    one = [{"page": 1, "lines": LINES}, {"page": 2, "lines": LINES[:2]}]
    other = [{"page": 2, "lines": LINES[1::-1]}, {"page": 1, "lines": LINES[::-1]}]
    assert counts(one, other) == (12, 12)


def test_arrays_too_long_to_be_matched():
    """Beyond the bound, arrays of objects are held place by place."""
    size = int(LEAVES_MATCHED_MAX**0.5) + 1
    one = [{"a": at} for at in range(size)]
    assert counts(one, [{"a": at + size} for at in range(size)]) == (0, size)
    assert counts(one, [{"a": at + 0.5} for at in range(size)]) == (0, size)


def test_documents_nested_too_deep_to_recurse():
    """Documents that are nested deeper than Python calls are held all the same."""
    deep: object = 1
    deeper: object = 2
    for _ in range(5000):
        deep, deeper = [deep], [deeper]
    assert counts(deep, deep) == (1, 1)
    assert counts(deep, deeper) == (0, 1)


def test_partial_is_never_below_accuracy():
    """A field that is right in part adds credit; one that agrees is whole."""
    found = held({"a": "12 Main Street", "b": 1}, {"a": "12 Main Road", "b": 1})
    assert found.accuracy == 0.5
    assert found.partial == pytest.approx((1 + 2 / 3) / 2)
    assert not found.whole


def test_many_arrays_share_the_bound():
    """What finding orders may cost is for the whole document, not for each array in it."""
    size = 10
    lines = [{"a": at, "b": at} for at in range(size)]
    reversed_lines = [{"a": at, "b": -1} for at in reversed(range(size))]
    fitting = LEAVES_MATCHED_MAX // (2 * size) ** 2
    one, other = [lines] * (fitting + 5), [reversed_lines] * (fitting + 5)
    assert counts(one, other)[0] == fitting * size
