"""Train one network and make three cheaper ones of it; measure what that really costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from shadowmon.demo.configuration import BASELINE
from shadowmon.demo.digits import Digits, load_digits, split
from shadowmon.demo.network import Network, train
from shadowmon.demo.quantise import Weights, plain, quantise


FORMS: Mapping[str, Callable[[Network], Weights]] = {
    BASELINE: plain,
    "int8": lambda network: quantise(network, bits=8),
    "int4": lambda network: quantise(network, bits=4),
    "int2": lambda network: quantise(network, bits=2),
}
"""Model's name -> how its weights are made of what was trained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One of the demo's models, measured offline on every input that the traffic is drawn from."""

    name: str
    file: Path
    size_bytes: int
    accuracy: float
    loss: float
    """Relative drop of the accuracy against the baseline's: what the daemon is to find out."""


def prepare(folder: Path, *, seed: int) -> list[Model]:
    """Train, quantise, save and measure; the baseline comes first."""
    digits = split(load_digits(), seed=seed)
    network = train(digits.train, seed=seed)
    baseline = network.accuracy(digits.traffic)
    return [
        _model(name, form(network), folder / f"{name}.npz", digits.traffic, baseline)
        for name, form in FORMS.items()
    ]


def _model(name: str, weights: Weights, file: Path, traffic: Digits, baseline: float) -> Model:
    weights.save(file)
    accuracy = weights.network().accuracy(traffic)
    return Model(
        name=name,
        file=file,
        size_bytes=weights.size_bytes,
        accuracy=accuracy,
        loss=(baseline - accuracy) / baseline,
    )
