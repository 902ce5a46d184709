"""The shipped digits."""

from __future__ import annotations

import hashlib

import numpy as np

from shadowmon.demo.digits import BRIGHTEST, CLASSES, load_digits, split


def test_data_is_what_its_page_says():
    """The pixels are bit for bit those whose hash DIGITS.md gives."""
    digits = load_digits()

    pixels = (digits.images * BRIGHTEST).astype(np.uint8)
    assert pixels.shape == (1797, 64)
    assert hashlib.sha256(pixels.tobytes()).hexdigest() == (
        "8f26b2bd9d135c256808f68f14fdabddde6d9c7f869ae419704b051f0f14b3b3"
    )


def test_halves_share_no_image_and_lose_none():
    """Every image is in exactly one half."""
    digits = load_digits()

    halves = split(digits, seed=3)

    together = np.vstack([halves.train.images, halves.traffic.images])
    assert len(together) == len(digits)
    assert np.array_equal(np.sort(together, axis=0), np.sort(digits.images, axis=0))


def test_halves_have_every_digit_alike():
    """No digit is more than one image more frequent in one half."""
    halves = split(load_digits(), seed=3)

    train = np.bincount(halves.train.labels, minlength=CLASSES)
    traffic = np.bincount(halves.traffic.labels, minlength=CLASSES)
    assert np.abs(train - traffic).max() <= 1


def test_seed_decides_the_split():
    """The same seed gives the same halves, another seed gives others."""
    digits = load_digits()

    first, again, other = split(digits, seed=1), split(digits, seed=1), split(digits, seed=2)

    assert np.array_equal(first.train.images, again.train.images)
    assert not np.array_equal(first.train.images, other.train.images)
