"""Figures that must fit together: sizes, shares, salts, and what asks for each other."""

from __future__ import annotations

import re

from collections.abc import Iterator

from shadowmon.config.keys import KeyPath, written
from shadowmon.config.settings import NAME, LabelCoverage, Settings
from shadowmon.console.plain import plain
from shadowmon.errors import Complaint
from shadowmon.evidence.quantile import QuantileOfBefore
from shadowmon.policy.settings import EDGE, PRIMARY
from shadowmon.records import EVERYTHING
from shadowmon.rollout.settings import Gate, RolloutSettings


_SALT_MAX_BYTES = 64
_BASIS_POINTS = 100
_RESERVED = (EVERYTHING, EDGE, PRIMARY)


def limits(settings: Settings) -> Iterator[Complaint]:
    """Complain of figures that contradict one another."""
    yield from _memory(settings)
    yield from _slowness(settings)
    yield from _salts(settings)
    yield from _slices(settings)
    yield from _labels(settings)
    yield from _classes(settings)
    yield from _reviews(settings)
    yield from _ladder(("rollout",), settings.rollout)
    for name, trial in settings.trials.items():
        if trial.rollout is not None:
            yield from _ladder(("trials", name, "rollout"), trial.rollout)


def _memory(settings: Settings) -> Iterator[Complaint]:
    proxy = settings.proxy
    if proxy.tee_body_max_bytes > proxy.tee_total_max_bytes:
        yield Complaint(
            key="proxy.tee_body_max_bytes",
            problem=f"{proxy.tee_body_max_bytes:,} is more than proxy.tee_total_max_bytes "
            f"({proxy.tee_total_max_bytes:,})",
            hint="a body must fit into what all bodies may take",
        )


def _slowness(settings: Settings) -> Iterator[Complaint]:
    scoring = settings.scoring
    try:
        QuantileOfBefore(scoring.slow_quantile, scoring.slow_block)
    except ValueError as error:
        yield Complaint(
            key="scoring.slow_block",
            problem=f"{error}: too few are beyond scoring.slow_quantile",
        )


def _salts(settings: Settings) -> Iterator[Complaint]:
    sampling, rollout = settings.traffic.sampling_salt, settings.proxy.rollout_salt
    for key, salt in (("traffic.sampling_salt", sampling), ("proxy.rollout_salt", rollout)):
        if len(salt.encode()) > _SALT_MAX_BYTES:
            problem = f"is {len(salt.encode())} bytes long, at most {_SALT_MAX_BYTES} are allowed"
            yield Complaint(key=key, problem=problem)
    if sampling == rollout:
        yield Complaint(
            key="traffic.sampling_salt",
            problem="is the same as proxy.rollout_salt",
            hint="the sample would be a part of one model's users; let them differ",
        )


def _slices(settings: Settings) -> Iterator[Complaint]:
    slices, most = settings.traffic.slices, settings.traffic.slices_max
    if len(slices) > most:
        problem = f"has {len(slices)} entries, and traffic.slices_max is {most}"
        yield Complaint(key="traffic.slices", problem=problem)
    for name in slices:
        key = written(("traffic", "slices", name))
        if name in _RESERVED:
            yield Complaint(key=key, problem=f"{name} has a meaning of its own", hint="rename it")
        elif not re.fullmatch(NAME, name):
            problem = "a slice's name is made of letters, digits, dot, dash and underscore"
            yield Complaint(key=key, problem=problem)


def _labels(settings: Settings) -> Iterator[Complaint]:
    for name, trial in settings.trials.items():
        if trial.labels.expected is not LabelCoverage.NONE and settings.store.awaiting_max == 0:
            yield Complaint(
                key=written(("trials", name, "labels", "expected")),
                problem=f"is {trial.labels.expected}, and store.awaiting_max is 0",
                hint="no pair could wait for its label",
            )


def _classes(settings: Settings) -> Iterator[Complaint]:
    for name, trial in settings.trials.items():
        classes = [label.strip() for label in trial.labels.classes]
        for at, label in enumerate(classes):
            if label in classes[:at]:
                yield Complaint(
                    key=written(("trials", name, "labels", "classes", at)),
                    problem=f'"{plain(label)}" is named before',
                    hint="each class is counted once",
                )


def _reviews(settings: Settings) -> Iterator[Complaint]:
    for name, trial in settings.trials.items():
        rollout = trial.rollout or settings.rollout
        if trial.review is not None and rollout.side_by_side is Gate.SKIP:
            yield Complaint(
                key=written(("trials", name, "review")),
                problem="is given, and rollout.side_by_side is skip",
                hint="nobody would be asked: set it to require",
            )


def _ladder(path: KeyPath, rollout: RolloutSettings) -> Iterator[Complaint]:
    for at, stage in enumerate(rollout.stages):
        points = stage.percent * _BASIS_POINTS
        if abs(points - round(points)) > 1e-6:  # noqa: PLR2004 - the rounding of 0.07 * 100
            yield Complaint(
                key=written((*path, "stages", at, "percent")),
                problem=f"{plain(f'{stage.percent:g}')} is finer than a hundredth of a percent",
                hint="use at most two decimal places",
            )
