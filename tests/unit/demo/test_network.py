"""The small network."""

from __future__ import annotations

import numpy as np

from shadowmon.demo import network
from shadowmon.demo.digits import load_digits, split
from shadowmon.demo.network import softmax, train


STEP = 0.01


def test_training_reads_unseen_digits():
    """A trained network reads at least 95 % of the images it has never seen."""
    halves = split(load_digits(), seed=1)

    trained = train(halves.train, seed=1)

    assert trained.accuracy(halves.traffic) > 0.95


def test_same_seed_trains_the_same_network():
    """Training depends on its seed and on nothing else."""
    digits = load_digits()

    first, again, other = (train(digits, seed=seed, steps=20) for seed in (1, 1, 2))

    assert np.array_equal(first.layers[0].weights, again.layers[0].weights)
    assert not np.array_equal(first.layers[0].weights, other.layers[0].weights)


def test_gradients_are_those_of_the_loss():
    """Each gradient is the slope of cross-entropy that a small step measures."""
    digits = load_digits()
    images, labels = digits.images[:16], digits.labels[:16]
    trained = train(digits, seed=1, steps=30)

    gradients = network._gradients(trained, images, labels)

    parts = [part for layer in trained.layers for part in (layer.weights, layer.bias)]
    for part, gradient in zip(parts, gradients, strict=True):
        place = np.unravel_index(np.abs(gradient).argmax(), gradient.shape)
        slope = _slope(trained, part, place, images, labels)
        assert np.isclose(slope, gradient[place], rtol=0.05, atol=2e-4)


def _slope(trained, part, place, images, labels):
    """Measure how the loss changes with one parameter."""
    losses = []
    for sign in (1, -1):
        kept = part[place].copy()
        part[place] = kept + sign * STEP
        chances = trained.probabilities(images)[np.arange(len(labels)), labels]
        losses.append(-np.log(chances.astype(np.float64)).mean())
        part[place] = kept
    return (losses[0] - losses[1]) / (2 * STEP)


def test_softmax_survives_large_logits():
    """Probabilities sum to 1 whatever the size of the logits."""
    shares = softmax(np.array([[1e4, 0, -1e4], [0, 0, 0]], np.float32))

    assert np.allclose(shares, np.array([[1, 0, 0], [1 / 3, 1 / 3, 1 / 3]]))
