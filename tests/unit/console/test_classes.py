"""A classification as JSON, and in a line."""

from __future__ import annotations

import json

from shadowmon.console.classes import class_lines, classification, mix, mix_lines
from shadowmon.scoring.classification.f1 import ClassTables, compared
from shadowmon.scoring.classification.mix import mix as mixed


FOUND = compared(
    {
        "cat": ClassTables(missed=(80, 10, 5, 5), false_alarm=(90, 4, 2, 4)),
        "do\x1bg": ClassTables(missed=(90, 9, 1, 0), false_alarm=(90, 8, 2, 0)),
    }
)
MIX = mixed({"do\x1bg": (45, 5, 15, 35), None: (35, 15, 5, 45)})


def test_each_class_has_its_three_figures():
    """Of both models, with the difference and its interval."""
    told = classification(FOUND)

    assert told is not None
    assert [each["class"] for each in told["classes"]] == ["cat", "do\x1bg"]
    f1 = told["classes"][0]["f1"]
    assert f1["baseline"] == 180 / 196
    assert f1["lower"] < f1["difference"] < f1["upper"]
    json.dumps(told, allow_nan=False)


def test_the_averages_and_the_worst_class_are_said():
    """In percent; a class's name cannot speak to the terminal."""
    averages, worst = class_lines(classification(FOUND))

    assert averages.startswith("F1      macro 95.2 → 89.8 %, -5.4 [")
    assert "; micro " in averages
    assert worst.startswith("        of 2 classes the worst is do")
    assert "\x1b" not in worst


def test_without_any_there_is_nothing_to_say():
    """No classes, or no labels."""
    assert classification(None) is None
    assert list(class_lines(None)) == []


def test_what_is_not_known_is_said_to_be():
    """A class that nobody called, and that never came, has no F1."""
    empty = compared({"cat": ClassTables(missed=(0, 0, 0, 0), false_alarm=(5, 0, 0, 0))})

    assert list(class_lines(classification(empty))) == [
        "F1      macro not known yet; micro not known yet"
    ]


def test_how_often_each_class_is_called():
    """Both models' shares of each class, what is no class under null, and how far that moved."""
    told = mix(MIX)

    assert told is not None
    assert [each["class"] for each in told["classes"]] == ["do\x1bg", None]
    assert told["classes"][0] == {"class": "do\x1bg", "baseline": 0.5, "optimized": 0.4}
    json.dumps(told, allow_nan=False)


def test_the_class_that_moved_most_is_said():
    """In percent, beside what chance would do."""
    (line,) = mix_lines(mix(MIX))

    assert line.startswith("mix     moved 0.0073 bits, by chance 0.0015; most do")
    assert line.endswith(": 50.0 → 40.0 %")
    assert "\x1b" not in line


def test_of_no_mix_nothing_is_said():
    """No classes, or no pairs."""
    assert mix(None) is None
    assert list(mix_lines(None)) == []
