"""
A small neural network, trained in about a second: 64 - 48 - 32 - 10, ReLU, cross-entropy.

Nothing here knows of quantisation, except that a layer may hold integer codes and one scale for
them: the product is taken of the codes and scaled after.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from shadowmon.demo.digits import CLASSES, PIXELS, Digits, Floats, Integers


SIZES = (PIXELS, 48, 32, CLASSES)
STEPS = 1200
BATCH = 128
LEARNING_RATE = 3e-3
WEIGHT_DECAY = 1e-5

# Adam's decay rates and its guard against dividing by zero (Kingma and Ba, 2015, algorithm 1);
# the second rate is 0.99 and not the paper's 0.999, for there are only 1,200 steps.
FIRST_MOMENT = 0.9
SECOND_MOMENT = 0.99
EPSILON = 1e-8


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """inputs @ weights * scale + bias."""

    weights: Floats
    """Rows are inputs, columns are outputs. Real numbers, or integer codes (exact in float32)."""
    scale: float = 1.0
    bias: Floats

    def __call__(self, inputs: Floats) -> Floats:
        """Return one row of outputs for each row of `inputs`."""
        return (inputs @ self.weights) * np.float32(self.scale) + self.bias


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Layers with a ReLU between each two."""

    layers: tuple[Layer, ...]

    def probabilities(self, images: Floats) -> Floats:
        """Return one row of ten probabilities for each row of `images`."""
        *_, last = _activations(self, images)
        return softmax(last)

    def labels(self, images: Floats) -> Integers:
        """Return the likeliest digit for each row of `images`."""
        likeliest: Integers = self.probabilities(images).argmax(axis=1)
        return likeliest

    def accuracy(self, digits: Digits) -> float:
        """Return the share of `digits` that are read right."""
        return float((self.labels(digits.images) == digits.labels).mean())


def softmax(logits: Floats) -> Floats:
    """Return each row's probabilities; safe for large logits."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=1, keepdims=True)
    return shares


def train(digits: Digits, *, seed: int, steps: int = STEPS) -> Network:
    """Train a network in float32; the same seed on the same machine gives the same network."""
    dice = np.random.default_rng([seed, 2])
    network = _untrained(dice)
    adam = _Adam(network)
    for step in range(1, steps + 1):
        batch = dice.integers(0, len(digits), BATCH)
        gradients = _gradients(network, digits.images[batch], digits.labels[batch])
        adam.step(gradients, step=step, rate=_learning_rate(step, steps))
    return network


def _untrained(dice: np.random.Generator) -> Network:
    """He's initialisation: the variance that keeps a ReLU network's signal as large as it came."""
    return Network(
        layers=tuple(
            Layer(
                weights=dice.normal(0, np.sqrt(2 / rows), (rows, columns)).astype(np.float32),
                bias=np.zeros(columns, np.float32),
            )
            for rows, columns in pairwise(SIZES)
        )
    )


def _learning_rate(step: int, steps: int) -> float:
    """From `LEARNING_RATE` along half a cosine to almost nothing."""
    return LEARNING_RATE * 0.5 * (1 + float(np.cos(np.pi * step / steps))) + 1e-5


def _activations(network: Network, images: Floats) -> Iterator[Floats]:
    """Yield what each layer puts out: after its ReLU, except the last, which has none."""
    outputs = images
    for layer in network.layers[:-1]:
        outputs = np.maximum(layer(outputs), np.float32(0))
        yield outputs
    yield network.layers[-1](outputs)


def _gradients(network: Network, images: Floats, labels: Integers) -> list[Floats]:
    """Return the loss's gradient for each layer's weights and bias, first layer first."""
    *hidden, logits = _activations(network, images)
    flow = softmax(logits)
    flow[np.arange(len(labels)), labels] -= 1
    flow /= len(labels)
    gradients: list[Floats] = []
    inputs = [images, *hidden]
    for layer, entering in zip(reversed(network.layers), reversed(inputs), strict=True):
        gradients[:0] = [
            entering.T @ flow + np.float32(WEIGHT_DECAY) * layer.weights,
            flow.sum(axis=0),
        ]
        flow = (flow @ layer.weights.T) * (entering > 0)
    return gradients


class _Adam:
    """Adam, writing into the arrays of the network that it was made for."""

    def __init__(self, network: Network) -> None:
        self._parameters = [
            part for layer in network.layers for part in (layer.weights, layer.bias)
        ]
        self._first = [np.zeros_like(part) for part in self._parameters]
        self._second = [np.zeros_like(part) for part in self._parameters]

    def step(self, gradients: list[Floats], *, step: int, rate: float) -> None:
        """Move every parameter a little way down; `step` counts from 1."""
        first_bias = 1 - FIRST_MOMENT**step
        second_bias = 1 - SECOND_MOMENT**step
        for place, gradient in enumerate(gradients):
            first, second = self._first[place], self._second[place]
            first += (1 - FIRST_MOMENT) * (gradient - first)
            second += (1 - SECOND_MOMENT) * (gradient * gradient - second)
            self._parameters[place] -= (
                rate * (first / first_bias) / (np.sqrt(second / second_bias) + EPSILON)
            ).astype(np.float32)
