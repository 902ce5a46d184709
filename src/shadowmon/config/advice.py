"""What a configuration may say, and few people mean: told by check-config, and never refused."""

from __future__ import annotations

from collections.abc import Iterator

from shadowmon.config.keys import written
from shadowmon.config.measures import ANY_TEXT, primary_of, self_check_of
from shadowmon.config.settings import Settings, TrialSettings
from shadowmon.errors import Complaint


_SAMPLED = frozenset((ANY_TEXT, "field_divergence", "answer_divergence"))
"""Primary metrics of answers that many models draw by lot: another one each time."""


def advice(settings: Settings) -> Iterator[Complaint]:
    """Return what a person should look at again before the daemon is run."""
    for name, trial in settings.trials.items():
        if _takes_noise_for_loss(settings, trial):
            yield Complaint(
                key=written(("routes", trial.route, "self_check_rate")),
                problem=f"is 0, so trial {name} takes every difference for a loss: where the "
                "baseline itself answers differently each time, it will soon be rolled back",
                hint="0.1 asks the baseline twice for a tenth of the requests, and judges by what "
                "is beyond its own differences",
            )


def _takes_noise_for_loss(settings: Settings, trial: TrialSettings) -> bool:
    if self_check_of(settings, trial) or primary_of(settings, trial) not in _SAMPLED:
        return False
    return settings.routes[trial.route].pin.get("temperature") != 0
