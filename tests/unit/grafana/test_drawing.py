"""A dashboard's panels as SVG."""

from __future__ import annotations

import re

from xml.etree import ElementTree as ET

import pytest

from grafana.drawing.board import picture, placed
from grafana.drawing.panel import Filled, Mark, Series, Span, legend
from grafana.drawing.states import stretches
from grafana.drawing.svg import COLOURS, PALETTE


SPAN = Span(start=0.0, end=100.0)
RED_DASHES = {
    "matcher": {"id": "byName", "options": "limit"},
    "properties": [
        {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [8, 8]}},
        {"id": "color", "value": {"mode": "fixed", "fixedColor": "red"}},
    ],
}
BAND = {
    "matcher": {"id": "byRegexp", "options": "/upp.*/"},
    "properties": [
        {"id": "custom.fillBelowTo", "value": "lower"},
        {"id": "custom.lineWidth", "value": 0},
    ],
}


def a_panel(kind, *overrides, unit="short", width=12, **defaults):
    """Return a panel as a dashboard's JSON has it."""
    return {
        "type": kind,
        "gridPos": {"w": width, "h": 8, "x": 0, "y": 0},
        "fieldConfig": {"defaults": {"unit": unit} | defaults, "overrides": list(overrides)},
    }


def filled(panel, *, marks=(), **values):
    """Return it with a series for each name, a value every ten seconds."""
    series = [
        Series(name=name, points=[(10.0 * at, value) for at, value in enumerate(told)])
        for name, told in values.items()
    ]
    return Filled(panel=panel, series=series, span=SPAN, marks=marks)


def drawn(one):
    """Return the picture of one panel, read as XML."""
    return ET.fromstring(picture("board", "how", [("<panel> & co", one)]))


def tags(root, name):
    """Return all elements of a name."""
    return root.findall(f".//{{http://www.w3.org/2000/svg}}{name}")


def words(root):
    """Return all that is written."""
    return [element.text for element in tags(root, "text")]


def test_lines_have_their_names_units_and_titles():
    """What a person needs to read a panel is written on it, whatever characters it has."""
    said = words(drawn(filled(a_panel("timeseries", unit="s"), fast=[0.1, 0.2], slow=[0.3, 0.4])))

    assert {"board", "how", "<panel> & co", "fast", "slow", "200 ms", "00:00:50"} <= set(said)


def test_limits_are_dashed_in_their_colour():
    """An override of a name reaches the line of that name, and no other."""
    root = drawn(filled(a_panel("timeseries", RED_DASHES), figure=[1, 2], limit=[3, 3]))

    figure, limit = tags(root, "polyline")
    assert (figure.get("stroke"), figure.get("stroke-dasharray")) == (PALETTE[0], "none")
    assert (limit.get("stroke"), limit.get("stroke-dasharray")) == (COLOURS["red"], "8 8")


def test_a_band_is_filled_between_its_lines():
    """Between upper and lower there is an area, and the upper line itself is not drawn."""
    root = drawn(filled(a_panel("timeseries", BAND), upper=[3, 2], lower=[0, 1]))

    (area,) = tags(root, "polygon")
    assert len(area.get("points").split()) == 4
    assert len(tags(root, "polyline")) == 1


def test_annotations_are_marked():
    """Each moment has its thread and its arrow, in its colour."""
    marks = [Mark(at=5.0, colour="#123456"), Mark(at=7.0, colour="#123456")]

    root = drawn(filled(a_panel("timeseries"), marks=marks, figure=[1, 2]))

    assert [arrow.get("fill") for arrow in tags(root, "polygon")] == ["#123456"] * 2


def test_a_number_has_the_colour_of_its_threshold():
    """The newest value is shown, in the colour of the last step that it reached."""
    steps = [{"value": None, "color": "green"}, {"value": 10, "color": "red"}]
    panel = a_panel("stat", thresholds={"steps": steps})

    for last, colour in ((9.0, "green"), (11.0, "red")):
        figure = tags(drawn(filled(panel, it=[0.0, last])), "text")[-1]
        assert (figure.text, figure.get("fill")) == (f"{last:g}", COLOURS[colour])


def test_states_are_words():
    """A timeline's bars have the words and colours of the panel's mappings."""
    options = {"0": {"text": "wait", "color": "text"}, "1": {"text": "go", "color": "green"}}
    panel = a_panel("state-timeline", width=24, mappings=[{"options": options}])

    root = drawn(filled(panel, phase=[0, 0, 1, 1, 1]))

    assert {"wait", "go", "phase"} <= set(words(root))
    assert COLOURS["green"] in {bar.get("fill") for bar in tags(root, "rect")}


def test_a_state_lasts_until_it_changes():
    """Equal values next to each other are one stretch; the last one lasts to the end."""
    points = [(0.0, 1.0), (10.0, 1.0), (20.0, 2.0)]

    assert stretches(points, until=50.0) == [(0.0, 20.0, 1.0), (20.0, 50.0, 2.0)]


@pytest.mark.parametrize(
    ("template", "said"), [("{{arm}} median", "int8 median"), ("{{ no }}x", "x"), ("x", "x")]
)
def test_legends_name_labels(template, said):
    """Places in a legend are filled with labels; a label that is missing is empty."""
    assert legend(template, {"arm": "int8"}) == said


def test_panels_lie_beside_each_other_and_then_below():
    """Half of the width twice is one row; what has no room there goes below the higher one."""
    half, high, whole = {"w": 12, "h": 4}, {"w": 12, "h": 6}, {"w": 24, "h": 4}

    left, right, below = placed([half, high, whole])

    assert (left.y, right.x) == (right.y, left.x + left.width + 8)
    assert below.y == right.y + right.height + 8
    assert below.x == left.x


def test_a_panel_that_cannot_be_drawn_is_refused():
    """No panel is left out in silence."""
    with pytest.raises(KeyError, match="table"):
        picture("board", "how", [("x", filled(a_panel("table"), it=[1.0]))])


def test_equal_input_gives_equal_text():
    """A picture changes only when what it shows does."""
    one = filled(a_panel("timeseries"), figure=[1, 2])
    first, second = (picture("board", "how", [("x", one)]) for _ in range(2))

    assert first == second
    assert not re.search(r"\d\.\d{3}", first)
