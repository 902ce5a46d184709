"""What all of our dashboards have: the data source, links to one another, and numbered panels."""

from __future__ import annotations

from typing import Any

from grafana.src.panels import SOURCE
from grafana.src.sdk import dashboard, model


UID = "shadowmon-{}"


def board(name: str, title: str, sentence: str) -> dashboard.Dashboard:
    """Return an empty dashboard; `name` is the last part of its uid."""
    others = dashboard.DashboardLink("shadowmon").type(model.DashboardLinkType.DASHBOARDS)
    return (
        dashboard.Dashboard(title)
        .uid(UID.format(name))
        .description(sentence)
        .tags(["shadowmon"])
        .refresh("10s")
        .time("now-6h", "now")
        .timezone("browser")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .readonly()
        .link(others.tags(["shadowmon"]).include_vars(True).keep_time(True))
        .with_variable(
            dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus")
        )
    )


def variable(name: str, label: str, asked: str, *, several: bool = True) -> dashboard.QueryVariable:
    """Return a variable that Prometheus fills."""
    made = (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(SOURCE)
        .query(asked)
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
    )
    return made.multi(True).include_all(True).all_value(".+") if several else made


def annotation(name: str, expr: str, title: str, *, colour: str) -> dashboard.AnnotationQuery:
    """Return marks on every panel, wherever a query has a value."""
    return (
        dashboard.AnnotationQuery()
        .name(name)
        .datasource(SOURCE)
        .enable(True)
        .icon_color(colour)
        .expr(expr)
        .title_format(title)
    )


def numbered(content: dict[str, Any]) -> dict[str, Any]:
    """Number the panels 1, 2, …: the builder gives none, and rows all have 0."""
    panels = [{**panel, "id": number} for number, panel in enumerate(content["panels"], start=1)]
    return {**content, "panels": panels, "schemaVersion": 42}
