from __future__ import annotations

import json

import pytest

from shadowmon.cli.main import main


def a_row(number, **changes):
    row = {
        "id": f"x-{number}",
        "judge": "optimized",
        "human": "baseline",
        "baseline_chars": 100,
        "optimized_chars": 200,
        "consistent": True,
    }
    return {name: value for name, value in {**row, **changes}.items() if value is not None}


ROWS = [
    *(a_row(n) for n in range(10)),
    *(a_row(n, human="optimized", optimized_chars=90) for n in range(10, 20)),
    *(a_row(n, judge="baseline", consistent=False) for n in range(20, 30)),
    *(a_row(n, judge="tie", human=None) for n in range(30, 40)),
]


def report(tmp_path, content, *flags):
    file = tmp_path / "judged.jsonl"
    file.write_text(content)
    return main(["judge-report", str(file), *flags])


def as_lines(rows):
    return "\n".join(map(json.dumps, rows)) + "\n\n"


def test_what_is_told(tmp_path, capsys):
    """Three win rates, who said what, how often the order mattered, and both slopes."""
    assert report(tmp_path, as_lines(ROWS)) == 0
    told = capsys.readouterr().out
    for line in (
        "40 comparisons, 30 of them judged by people too",
        "  judge alone (biased as the judge is)  0.625  [0.",
        "  people alone                          0.333  [0.",
        "  judge put right by people (PPI++)     0.",
        "the judge is worth ",
        "baseline                        10         10          0",
        "agreement with people: 66.7%",
        "another verdict in the other order: 25.0%",
        "people: too few wins and losses",
    ):
        assert line in told


def test_for_programs(tmp_path, capsys):
    """The same as JSON, each rate with its interval."""
    assert report(tmp_path, as_lines(ROWS), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["human"]["rate"] == pytest.approx(1 / 3)
    assert told["corrected"]["estimate"]["lower"] < told["corrected"]["estimate"]["upper"]
    assert {"human": "baseline", "judge": "optimized", "count": 10} in told["confusion"]


def test_without_labels(tmp_path, capsys):
    """Without people the judge's rate stands alone, and is told to be biased."""
    assert report(tmp_path, as_lines(a_row(n, human=None) for n in range(3))) == 0
    told = capsys.readouterr().out
    assert "people: too few labels" in told
    assert "agreement" not in told


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "line 1: "),
        (as_lines([a_row(1), a_row(2, judge="A")]), "line 2: Invalid enum value 'A'"),
        (as_lines([a_row(1), a_row(1)]), 'line 2: "x-1" is there already, in line 1'),
        (as_lines([a_row(1, winner="A")]), "line 1: Object contains unknown field `winner`"),
        (as_lines([a_row(1)]), "needs 2 values or more, there are 1"),
    ],
)
def test_bad_rows(tmp_path, capsys, content, problem):
    """A line that is no comparison is named, with what is wrong."""
    assert report(tmp_path, content) == 1
    assert problem in capsys.readouterr().err


def test_wrong_usage(tmp_path, capsys):
    """A file that is not there, and a level that is none, are told plainly."""
    assert main(["judge-report", str(tmp_path / "none.jsonl")]) == 1
    assert "No such file" in capsys.readouterr().err
    assert report(tmp_path, as_lines(ROWS), "--alpha", "2") == 2
    assert "--alpha must be between 0 and 1" in capsys.readouterr().err
