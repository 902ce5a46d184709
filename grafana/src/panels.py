"""
The forms a panel takes on our dashboards.

Every panel says in a sentence what it shows, has a unit, and asks the data source that the reader
chose. Alerts that a panel belongs to are named in its description.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grafana.src.sdk import (
    JSONEncoder,
    common,
    common_model,
    dashboard,
    model,
    prometheus,
    prometheus_model,
    stat,
    statetimeline,
    table,
    timeseries,
)


SOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
WIDTH = 24

RATIO, SECONDS, COUNT, PER_SECOND = "percentunit", "s", "short", "reqps"
THINGS_PER_SECOND = "cps"
"""Of what is no request: pairs, tokens, entries, messages."""

GREEN, YELLOW, ORANGE, RED, GREY, BLUE = "green", "yellow", "orange", "red", "text", "blue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is asked, and how its series are called."""

    expr: str
    legend: str
    exemplar: bool = False


def query(expr: str, legend: str, *, exemplar: bool = False) -> Query:
    """Return a query."""
    return Query(expr=expr, legend=legend, exemplar=exemplar)


def numbers(
    title: str,
    sentence: str,
    queries: Sequence[Query],
    *,
    unit: str,
    span: int = 6,
    good: str = GREEN,
    bad_from: float | None = None,
    mappings: Sequence[model.ValueMap] = (),
    nothing: str = "",
) -> stat.Panel:
    """
    Return a panel of large numbers.

    Args:
        title: A few words.
        sentence: What is shown.
        queries: What is asked.
        unit: Grafana's name of it.
        span: Of 24 columns.
        good: The colour of numbers.
        bad_from: Where they turn red; None: nowhere.
        mappings: Words in the places of numbers.
        nothing: What is said where no series is found, and that is well; empty: that there is no
            data.

    """
    panel = (
        stat.Panel()
        .title(title)
        .description(sentence)
        .datasource(SOURCE)
        .unit(unit)
        .span(span)
        .height(5)
        .thresholds(thresholds(good, bad_from))
    )
    if mappings:
        panel = panel.mappings(list(mappings))
    if nothing:
        panel = panel.no_value(nothing)
    for number, asked in enumerate(queries):
        panel = panel.with_target(_target(asked, number))
    return panel


def lines(
    title: str,
    sentence: str,
    queries: Sequence[Query],
    *,
    unit: str,
    span: int = 12,
    height: int = 8,
    bands: Sequence[tuple[str, str]] = (),
    dashed: Sequence[str] = (),
    others: Sequence[tuple[str, str]] = (),
) -> timeseries.Panel:
    """
    Return a panel of lines over time.

    Args:
        title: A few words.
        sentence: What is shown.
        queries: What is asked.
        unit: Grafana's name of it.
        span: Of 24 columns.
        height: In rows.
        bands: Legends (upper, lower) between which the area is filled. Grafana finds the lower one
            by its exact name, so it can have no label in it.
        dashed: Legends, as regular expressions, that are limits and no measurements.
        others: (legend, as a regular expression, unit) of what has another unit than the panel, and
            therefore its axis on the right.

    """
    panel = (
        timeseries.Panel()
        .title(title)
        .description(sentence)
        .datasource(SOURCE)
        .unit(unit)
        .span(span)
        .height(height)
        .fill_opacity(0)
        .tooltip(common.VizTooltipOptions().mode(common_model.TooltipDisplayMode.MULTI))
    )
    for number, asked in enumerate(queries):
        panel = panel.with_target(_target(asked, number))
    for upper, lower in bands:
        inside = [_set("custom.fillBelowTo", lower), _set("custom.fillOpacity", 25)]
        thin = [_set("custom.lineWidth", 0), _set("color", {"mode": "fixed", "fixedColor": BLUE})]
        panel = panel.override_by_name(upper, [*inside, *thin]).override_by_name(lower, thin)
    for legend, other in others:
        aside = [_set("unit", other), _set("custom.axisPlacement", "right")]
        panel = panel.override_by_regexp(legend, aside)
    for limit in dashed:
        style = {"fill": "dash", "dash": [8, 8]}
        panel = panel.override_by_regexp(
            limit,
            [_set("custom.lineStyle", style), _set("color", {"mode": "fixed", "fixedColor": RED})],
        )
    return panel


def timeline(
    title: str,
    sentence: str,
    queries: Sequence[Query],
    *,
    mappings: Sequence[model.ValueMap],
    span: int = WIDTH,
) -> statetimeline.Panel:
    """Return a panel of states over time."""
    panel = (
        statetimeline.Panel()
        .title(title)
        .description(sentence)
        .datasource(SOURCE)
        .unit(COUNT)
        .span(span)
        .height(4)
        .mappings(list(mappings))
    )
    for number, asked in enumerate(queries):
        panel = panel.with_target(_target(asked, number))
    return panel


def rows(
    title: str,
    sentence: str,
    columns: Sequence[tuple[str, str]],
    *,
    by: Sequence[str],
    unit: str = COUNT,
    span: int = WIDTH,
    height: int = 8,
) -> table.Panel:
    """
    Return a table of this moment.

    Args:
        title: A few words.
        sentence: What is shown.
        columns: Heading and query; each query gives one number for each row.
        by: The labels that make a row.
        unit: Of all numbers.
        span: Of 24 columns.
        height: In rows.

    """
    panel = (
        table.Panel()
        .title(title)
        .description(sentence)
        .datasource(SOURCE)
        .unit(unit)
        .span(span)
        .height(height)
    )
    for number, (_, expr) in enumerate(columns):
        panel = panel.with_target(
            _target(query(expr, ""), number)
            .instant()
            .format(prometheus_model.PromQueryFormat.TABLE)
        )
    renamed = {f"Value #{_letter(number)}": name for number, (name, _) in enumerate(columns)}
    only = {"include": {"pattern": f"^({'|'.join([*by, 'Value.*'])})$"}}
    for step in (
        model.DataTransformerConfig(id_val="merge", options={}),
        model.DataTransformerConfig(id_val="filterFieldsByName", options=only),
        model.DataTransformerConfig(id_val="organize", options={"renameByName": renamed}),
    ):
        panel = panel.with_transformation(step)
    return panel


def encode(made: dashboard.Dashboard) -> str:
    """Return a dashboard as classic JSON."""
    return JSONEncoder(sort_keys=True, indent=2).encode(made.build())


def states(words: Sequence[tuple[str, str]]) -> list[model.ValueMap]:
    """Return how the integers 0, 1, … are shown: (word, colour)."""
    shown = {
        str(number): model.ValueMappingResult(text=word, color=colour, index=number)
        for number, (word, colour) in enumerate(words)
    }
    return [model.ValueMap(options=shown)]


NO_OR_YES = states([("no", RED), ("yes", GREEN)])
"""Of what is 1 while all is well."""


def thresholds(good: str, bad_from: float | None) -> dashboard.ThresholdsConfig:
    """Return colours by value."""
    steps = [model.Threshold(value=None, color=good)]
    if bad_from is not None:
        steps.append(model.Threshold(value=bad_from, color=RED))
    return dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(steps)


def _target(asked: Query, number: int) -> prometheus.Dataquery:
    return (
        prometheus.Dataquery()
        .expr(asked.expr)
        .legend_format(asked.legend)
        .datasource(SOURCE)
        .exemplar(asked.exemplar)
        .ref_id(_letter(number))
    )


def _set(what: str, value: object) -> model.DynamicConfigValue:
    return model.DynamicConfigValue(id_val=what, value=value)


def _letter(number: int) -> str:
    return chr(ord("A") + number)
