"""From settings to what the hot loop knows of each route: its codec, its arms, its trials."""

from __future__ import annotations

import asyncio

from collections.abc import Mapping

from shadowmon.clock import Clock
from shadowmon.config.settings import LabelCoverage, Settings
from shadowmon.daemon import build, rates
from shadowmon.daemon.self_check import SelfCheck
from shadowmon.daemon.watched import Watched, WatchedTrial
from shadowmon.mirror.arm import Arm
from shadowmon.mirror.dispatch import Dispatcher
from shadowmon.mirror.sessions import Sessions
from shadowmon.records import Metric, MetricName, ModelName, RouteName, TrialId
from shadowmon.telemetry.spans import NO_SPANS, Spans
from shadowmon.traffic.codecs.codec import Codec


class Watching:
    """All routes of one scoring worker, and the arms that call their models."""

    def __init__(
        self,
        settings: Settings,
        sessions: Sessions,
        clock: Clock,
        metrics: Mapping[TrialId, Mapping[MetricName, Metric]],
        *,
        spans: Spans = NO_SPANS,
    ) -> None:
        self._settings = settings
        self._sessions = sessions
        self._clock = clock
        self._metrics = metrics
        self._spans = spans
        self._slots = {
            name: asyncio.Semaphore(model.connections_max)
            for name, model in settings.models.items()
        }
        self.arms: list[Arm] = []
        self.routes: dict[RouteName, Watched] = {
            route: self._watch(route, codec) for route, codec in build.codecs(settings).items()
        }

    def _watch(self, route: RouteName, codec: Codec) -> Watched:
        settings = self._settings.routes[route]
        trials = self._trials(route)
        models = {trial.baseline for trial in trials} | {trial.optimized for trial in trials}
        arms = {model: self._arm(model, route, codec) for model in sorted(models)}
        self.arms += arms.values()
        return Watched(
            settings=settings,
            codec=codec,
            dispatcher=Dispatcher(arms),
            trials=trials,
            first_rate=rates.first_rate(self._settings, route),
        )

    def _trials(self, route: RouteName) -> tuple[WatchedTrial, ...]:
        settings = self._settings.routes[route]
        return tuple(
            WatchedTrial(
                number=number,
                trial_id=TrialId(name),
                baseline=ModelName(settings.baseline),
                optimized=ModelName(trial.optimized),
                expects_labels=trial.labels.expected is not LabelCoverage.NONE,
                truth=trial.truth,
                classes=trial.labels.classes,
                self_check=SelfCheck(
                    share=settings.self_check_rate,
                    lean=self._settings.evidence.floor_lean,
                    metrics=self._metrics[TrialId(name)],
                ),
            )
            for number, name, trial in build.trials_on(self._settings, route)
        )

    def _arm(self, model: ModelName, route: RouteName, codec: Codec) -> Arm:
        return Arm(
            model,
            self._settings.models[model],
            codec,
            self._sessions.to(self._settings.models[model].url),
            self._clock,
            mirror=self._settings.mirror,
            slots=self._slots[model],
            pin=self._settings.routes[route].pin,
            traces_sampled=self._settings.telemetry.tracing.shadow_sampled,
            spans=self._spans,
        )
