"""docs/scoring.md says what there is: every task, scorer, metric and assessor."""

from __future__ import annotations

import re

from pathlib import Path

from shadowmon import plugins
from shadowmon.assessors.settings import AssessorsSettings
from shadowmon.config.measures import primary_of
from shadowmon.policy.settings import Task
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.scoring.tasks import SCORERS
from tests.unit.config.test_measures import a_trial, settings_of


DOCUMENT = (Path(__file__).parents[3] / "docs" / "scoring.md").read_text()
TASKS, _, REST = DOCUMENT.partition("## Scorers")
SCORERS_PART, _, ASSESSORS_PART = REST.partition("## Assessors")


def rows(part):
    """Return each table row's cells, by the word in its first cell."""
    cells = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("| `")]
    return {first.strip(" `"): [cell.strip() for cell in rest] for first, *rest in cells}


def test_every_task_is_there_with_its_scorers_and_its_primary():
    """The table of tasks is what the code chooses."""
    told = rows(TASKS)

    assert set(told) == {task.value for task in Task}
    for task in Task:
        scorers, primary, _ = told[task.value]
        trial = a_trial(task)
        assert tuple(scorers.split(", ")) == SCORERS[task.value]
        assert f"`{primary_of(settings_of(trial), trial)}`" in primary


def test_every_metric_of_every_scorer_is_there():
    """The table of scorers names what each declares, and nothing else."""
    told = {
        name: set(re.findall(r"`([a-z_0-9]+)`", cells[0]))
        for name, cells in rows(SCORERS_PART).items()
    }

    assert told == {
        name: {
            str(metric.name)
            for metric in plugins.load("scorers", name, key="scorers")(ScoringSettings()).metrics
        }
        for name in plugins.names("scorers")
    }


def test_every_assessor_is_there():
    """One row for each that can be configured."""
    configured = {
        name
        for name in AssessorsSettings.model_fields
        if "_max" not in name and "_seconds" not in name
    }

    assert set(rows(ASSESSORS_PART)) == configured
