"""True quantisation."""

from __future__ import annotations

import numpy as np
import pytest

from shadowmon.demo.digits import load_digits, split
from shadowmon.demo.network import train
from shadowmon.demo.quantise import load_weights, pack, plain, quantise, to_codes, unpack


@pytest.fixture(scope="module")
def digits():
    """One split."""
    return split(load_digits(), seed=1)


@pytest.fixture(scope="module")
def trained(digits):
    """One trained network."""
    return train(digits.train, seed=1)


@pytest.mark.parametrize("bits", [8, 4, 2])
def test_packing_loses_nothing(bits):
    """Every code comes back, negative ones too, for any count of codes."""
    largest = 2 ** (bits - 1) - 1
    codes = np.tile(np.arange(-largest, largest + 1, dtype=np.int8), 3)[:-1]

    packed = pack(codes, bits=bits)

    assert np.array_equal(unpack(packed, bits=bits, count=len(codes)), codes)
    assert packed.nbytes == -(-len(codes) * bits // 8)


def test_two_codes_share_a_byte_lowest_bits_first():
    """With 4 bits, 1 and -1 are the byte 0xF1."""
    packed = pack(np.array([1, -1], np.int8), bits=4)

    assert packed.tolist() == [0xF1]


@pytest.mark.parametrize("bits", [8, 4, 2])
def test_code_is_the_nearest(bits):
    """No weight is further from its code than half a step, and the largest is met exactly."""
    weights = np.random.default_rng(1).normal(size=(30, 20)).astype(np.float32)

    codes, scale = to_codes(weights, bits=bits)

    assert np.abs(codes * np.float32(scale) - weights).max() <= scale / 2 * 1.001
    assert np.abs(codes).max() == 2 ** (bits - 1) - 1


def test_zero_layer_has_codes():
    """A layer of zeros is no division by zero."""
    codes, scale = to_codes(np.zeros((2, 2), np.float32), bits=4)

    assert not codes.any()
    assert scale > 0


def test_other_widths_are_refused(trained):
    """A number of bits that has no codes is an error that names those that have."""
    with pytest.raises(ValueError, match=r"no codes of 3 bits; choose one of \(8, 4, 2\)"):
        quantise(trained, bits=3)


@pytest.mark.parametrize("bits", [8, 4, 2])
def test_network_of_codes_computes_with_codes(trained, bits):
    """The weights that the quantised network multiplies by are whole numbers."""
    network = quantise(trained, bits=bits).network()

    for layer in network.layers:
        assert np.array_equal(layer.weights, np.rint(layer.weights))
        assert np.abs(layer.weights).max() <= 2 ** (bits - 1) - 1


def test_fewer_bits_are_fewer_bytes(trained):
    """int8, int4 and int2 take about a fourth, an eighth and a sixteenth of the codes' bytes."""
    full = plain(trained).size_bytes
    biases = sum(layer.bias.nbytes for layer in trained.layers)

    sizes = [quantise(trained, bits=bits).size_bytes - biases for bits in (8, 4, 2)]

    assert [round((full - biases) / size) for size in sizes] == [4, 8, 16]


@pytest.mark.parametrize("bits", [32, 8, 4, 2])
def test_file_gives_back_what_was_saved(trained, digits, tmp_path, bits):
    """A saved model answers bit for bit as it did before."""
    weights = plain(trained) if bits == 32 else quantise(trained, bits=bits)
    path = tmp_path / "model.npz"

    weights.save(path)
    loaded = load_weights(path)

    before = weights.network().probabilities(digits.traffic.images)
    assert np.array_equal(loaded.network().probabilities(digits.traffic.images), before)
    assert (loaded.bits, loaded.size_bytes) == (bits, weights.size_bytes)


def test_plain_weights_are_the_trained_ones(trained, digits):
    """Without quantisation nothing is lost."""
    images = digits.traffic.images

    assert np.array_equal(
        plain(trained).network().probabilities(images), trained.probabilities(images)
    )


@pytest.mark.parametrize("content", [b"", b"no zip at all", b"PK\x03\x04 cut short"])
def test_other_file_is_refused(tmp_path, content):
    """A file that holds no weights is an error that names it."""
    path = tmp_path / "odd.npz"
    path.write_bytes(content)

    with pytest.raises(ValueError, match=r"odd\.npz: no weights file"):
        load_weights(path)


def test_codes_that_do_not_fit_are_refused(tmp_path, trained):
    """A file whose codes are too few for its shape is refused, not read past its end."""
    path = tmp_path / "short.npz"
    quantise(trained, bits=8).save(path)
    with np.load(path) as file:
        arrays = dict(file)
    np.savez(path, **{**arrays, "codes1": arrays["codes1"][:-1]})

    with pytest.raises(ValueError, match="layer 1 has 1535 bytes of codes, 1536 are wanted"):
        load_weights(path)
