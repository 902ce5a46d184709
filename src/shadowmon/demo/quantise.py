"""
True quantisation: integer codes and one scale for each layer, packed so that they are smaller.

Symmetric and per tensor: with b bits the codes are -m .. m for m = 2**(b - 1) - 1, the scale is
the layer's largest weight divided by m, and a weight becomes the nearest code (Jacob et al., 2018,
with a zero point of 0). Biases stay float32: they are one number in fifty.

With 4 bits two codes share a byte, with 2 bits four do, lowest bits first, two's complement.
"""

from __future__ import annotations

import zipfile

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from numpy.typing import NDArray

from shadowmon.demo.digits import Floats
from shadowmon.demo.network import Layer, Network


Codes: TypeAlias = NDArray[np.int8]
Packed: TypeAlias = NDArray[np.uint8]

FULL = 32
"""Not quantised at all: the weights themselves."""

CODE_BITS = (8, 4, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedLayer:
    """One layer as it is stored."""

    rows: int
    columns: int
    codes: Packed
    """Packed codes in C order; with 32 bits, the bytes of the float32 weights."""
    scale: float
    bias: Floats

    @property
    def size_bytes(self) -> int:
        """What the layer takes: codes, one float32 of scale, the bias."""
        return self.codes.nbytes + 4 + self.bias.nbytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """One model's weights as they are stored and shipped."""

    bits: int
    """8, 4 or 2; 32 for the weights that were trained."""
    layers: tuple[PackedLayer, ...]

    @property
    def size_bytes(self) -> int:
        """What the model takes in memory or on the wire, without the file format's own headers."""
        return sum(layer.size_bytes for layer in self.layers)

    def network(self) -> Network:
        """Return the network that computes with these codes."""
        return Network(layers=tuple(_unpacked(layer, self.bits) for layer in self.layers))

    def save(self, path: Path) -> None:
        """Write an .npz file that `load_weights` reads."""
        arrays: dict[str, Any] = {"bits": np.uint8(self.bits)}
        for number, layer in enumerate(self.layers):
            arrays[f"shape{number}"] = np.array([layer.rows, layer.columns], np.uint32)
            arrays[f"codes{number}"] = layer.codes
            arrays[f"scale{number}"] = np.float32(layer.scale)
            arrays[f"bias{number}"] = layer.bias
        np.savez(path, **arrays)


def load_weights(path: Path) -> Weights:
    """
    Read what `Weights.save` wrote.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If it is no such file: where, what was found, what is wanted.

    """
    try:
        # Opened here, for np.load leaves a file open that is no whole archive.
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        count = sum(name.startswith("codes") for name in arrays)
        bits = int(arrays["bits"])
        layers = tuple(_read_layer(arrays, number, bits) for number in range(count))
    except (KeyError, AttributeError, EOFError, zipfile.BadZipFile, ValueError) as error:
        msg = f"{path}: no weights file ({error}); give one that `shadowmon demo` wrote"
        raise ValueError(msg) from error
    return Weights(bits=bits, layers=layers)


def _read_layer(arrays: dict[str, NDArray[Any]], number: int, bits: int) -> PackedLayer:
    rows, columns = (int(size) for size in arrays[f"shape{number}"])
    layer = PackedLayer(
        rows=rows,
        columns=columns,
        codes=arrays[f"codes{number}"],
        scale=float(arrays[f"scale{number}"]),
        bias=arrays[f"bias{number}"],
    )
    wanted = -(-rows * columns * bits // 8)
    if layer.codes.nbytes != wanted or layer.bias.shape != (columns,):
        msg = f"layer {number} has {layer.codes.nbytes} bytes of codes, {wanted} are wanted"
        raise ValueError(msg)
    return layer


def plain(network: Network) -> Weights:
    """Return the weights as they were trained."""
    return Weights(bits=FULL, layers=tuple(_plain_layer(layer) for layer in network.layers))


def _plain_layer(layer: Layer) -> PackedLayer:
    rows, columns = layer.weights.shape
    stored = np.ascontiguousarray(layer.weights).reshape(-1).view(np.uint8)
    return PackedLayer(rows=rows, columns=columns, codes=stored, scale=1.0, bias=layer.bias)


def quantise(network: Network, *, bits: int) -> Weights:
    """
    Return the weights in codes of 8, 4 or 2 bits.

    Raises:
        ValueError: For any other number of bits.

    """
    if bits not in CODE_BITS:
        msg = f"there are no codes of {bits} bits; choose one of {CODE_BITS}"
        raise ValueError(msg)
    return Weights(bits=bits, layers=tuple(_quantised(layer, bits) for layer in network.layers))


def _quantised(layer: Layer, bits: int) -> PackedLayer:
    codes, scale = to_codes(layer.weights, bits=bits)
    rows, columns = codes.shape
    packed = pack(codes.reshape(-1), bits=bits)
    return PackedLayer(rows=rows, columns=columns, codes=packed, scale=scale, bias=layer.bias)


def to_codes(weights: Floats, *, bits: int) -> tuple[Codes, float]:
    """Return the nearest codes and the scale that turns them back into weights."""
    largest_code = 2 ** (bits - 1) - 1
    largest = float(np.abs(weights).max())
    scale = np.float32((largest or 1.0) / largest_code)
    codes = np.clip(np.rint(weights / scale), -largest_code, largest_code)
    return codes.astype(np.int8), float(scale)


def pack(codes: Codes, *, bits: int) -> Packed:
    """Put 8 / bits codes into each byte, the first into the lowest bits; zeros fill the last."""
    per_byte = 8 // bits
    padded = np.zeros(-(-len(codes) // per_byte) * per_byte, np.uint8)
    padded[: len(codes)] = codes.view(np.uint8) & ((1 << bits) - 1)
    shifts = np.arange(per_byte, dtype=np.uint8) * bits
    packed: Packed = np.bitwise_or.reduce(padded.reshape(-1, per_byte) << shifts, axis=1)
    return packed.astype(np.uint8)


def unpack(packed: Packed, *, bits: int, count: int) -> Codes:
    """Undo `pack`; `count` says how many codes there were."""
    shifts = np.arange(8 // bits, dtype=np.uint8) * bits
    fields = (packed[:, np.newaxis] >> shifts).reshape(-1)[:count]
    # Shifting up to the byte's top and back down again copies the sign bit: two's complement.
    top = 8 - bits
    return (fields << top).astype(np.uint8).view(np.int8) >> top


def _unpacked(layer: PackedLayer, bits: int) -> Layer:
    shape = (layer.rows, layer.columns)
    if bits == FULL:
        return Layer(weights=layer.codes.view(np.float32).reshape(shape), bias=layer.bias)
    codes = unpack(layer.codes, bits=bits, count=layer.rows * layer.columns)
    return Layer(
        weights=codes.astype(np.float32).reshape(shape), scale=layer.scale, bias=layer.bias
    )
