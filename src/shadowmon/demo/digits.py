"""
The handwritten digits that the demo learns from and asks about: real data, shipped (DIGITS.md).

One half trains the models, the other half is the traffic. No image is ever in both.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import as_file, files
from typing import TypeAlias

import numpy as np

from numpy.typing import NDArray


Floats: TypeAlias = NDArray[np.float32]
Integers: TypeAlias = NDArray[np.int64]

PIXELS = 64
CLASSES = 10
BRIGHTEST = 16
"""The largest value of a pixel in the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Digits:
    """Images and what they show."""

    images: Floats
    """One row for each image: 64 pixels in [0, 1]."""
    labels: Integers
    """0 to 9."""

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Two halves with the same share of every digit."""

    train: Digits
    traffic: Digits
    """Never seen in training: what users will ask about."""


def load_digits() -> Digits:
    """Return all 1,797 images."""
    with as_file(files("shadowmon.demo").joinpath("digits.npz")) as path, np.load(path) as file:
        images = file["images"].astype(np.float32) / BRIGHTEST
        return Digits(images=images, labels=file["labels"].astype(np.int64))


def split(digits: Digits, *, seed: int) -> Split:
    """Part the digits in two halves; the same seed gives the same halves."""
    dice = np.random.default_rng([seed, 1])
    chosen = np.zeros(len(digits), dtype=bool)
    for digit in range(CLASSES):
        places = np.flatnonzero(digits.labels == digit)
        chosen[dice.permutation(places)[: len(places) // 2]] = True
    return Split(train=_part(digits, chosen), traffic=_part(digits, ~chosen))


def _part(digits: Digits, chosen: NDArray[np.bool_]) -> Digits:
    return Digits(images=digits.images[chosen], labels=digits.labels[chosen])
