from __future__ import annotations

import pytest

from shadowmon import plugins
from shadowmon.policy.settings import Task
from shadowmon.scoring.panel import Panel
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.scoring.tasks import SCORERS, scorers_for


def test_every_task_has_scorers():
    """The table knows each task of the configuration, and no other."""
    assert SCORERS.keys() == {task.value for task in Task}


def test_task_is_found_by_its_word():
    """A task is asked for by what the configuration says, or by the enumeration itself."""
    assert scorers_for("classification") == ("label", "safety", "service")
    assert scorers_for(Task.CUSTOM) == ("text", "fields", "safety", "service")


@pytest.mark.parametrize("task", Task)
def test_default_scorers_can_be_loaded(task):
    """Each named scorer is registered, and those of a task do not get in one another's way."""
    settings = ScoringSettings()
    Panel(
        {name: plugins.load("scorers", name, key="scorers")(settings) for name in scorers_for(task)}
    )


def test_unknown_task_is_refused():
    """A word that is no task is refused, with those that are."""
    with pytest.raises(ValueError, match='no task is called "vision"; there are: classification,'):
        scorers_for("vision")
