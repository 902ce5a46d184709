"""
Tensors on the wire of the Open Inference Protocol: in JSON, in binary, and mixed.

The binary extension (Triton's `extension_binary_data`, KServe's as well): the body is the JSON, as
many bytes as the header `inference-header-content-length` says, and then the bytes of those tensors
that have `parameters.binary_data_size`, one after the other in the JSON's order: little-endian,
row-major, without padding; a BYTES value is a u32 of its length and the bytes.
"""

from __future__ import annotations

import math
import struct

from collections.abc import Mapping
from typing import Any

from shadowmon.errors import CodecError
from shadowmon.records import Headers
from shadowmon.traffic.codecs import content_coding, parts, strict_json
from shadowmon.traffic.codecs.tensor import CELLS_MAX, Tensor, cells, flat, shape_of


JSON_LENGTH = "inference-header-content-length"

_FORMATS = {
    "BOOL": "?",
    "UINT8": "B",
    "UINT16": "H",
    "UINT32": "I",
    "UINT64": "Q",
    "INT8": "b",
    "INT16": "h",
    "INT32": "i",
    "INT64": "q",
    "FP16": "e",
    "FP32": "f",
    "FP64": "d",
}
"""`struct` formats of the protocol's types; BF16 and BYTES have none."""
_LENGTH = struct.Struct("<I")


def split(headers: Headers, body: bytes) -> tuple[dict[str, Any], memoryview]:
    """
    Return a message's JSON, and the binary data after it.

    Raises:
        CodecError: If the JSON is no object, or the header does not fit the body.

    """
    body = content_coding.plain(headers, body)
    length = len(body)
    written = content_coding.header(headers, JSON_LENGTH)
    if written:
        found = parts.count_written(written.strip())
        if found is None or found > length:
            msg = f"the header {JSON_LENGTH} is not a length within the body"
            raise CodecError(msg)
        length = found
    head = parts.json_object(strict_json.loads(body[:length]), "the body")
    return head, memoryview(body)[length:]


def read_tensors(found: list[Any], raw: memoryview, *, only: str | None = None) -> list[Tensor]:
    """
    Read inputs or outputs, in their order.

    Args:
        found: The list in the JSON.
        raw: The binary data.
        only: A datatype; others are passed over unread.

    Returns:
        Those that fit into `CELLS_MAX`, all together.

    Raises:
        CodecError: If one does not add up, or the binary data are more or less than all of them.

    """
    tensors: list[Tensor] = []
    room, place = CELLS_MAX, 0
    for entry in found:
        head = parts.json_object(entry, "a tensor")
        size = _binary_size(head)
        piece = raw[place : place + size] if size is not None else None
        place += size or 0
        name, datatype = _naming(head)
        shape = shape_of(head.get("shape"))
        needed = cells(shape)
        if needed > room or (only is not None and datatype != only):
            continue
        room -= needed
        data = _from_json(head, shape) if piece is None else _from_binary(piece, datatype, shape)
        tensors.append(Tensor(name=name, shape=shape, datatype=datatype, data=data))
    if place != len(raw):
        msg = f"the tensors have {place} bytes of binary data, but the body has {len(raw)}"
        raise CodecError(msg)
    return tensors


def has_binary(found: object) -> bool:
    """Say whether any of these inputs or outputs is in binary."""
    entries = found if isinstance(found, list) else []
    return any(isinstance(entry, dict) and _parameter(entry) is not None for entry in entries)


def _naming(head: Mapping[str, Any]) -> tuple[str, str]:
    name, datatype = head.get("name"), head.get("datatype")
    if isinstance(name, str) and isinstance(datatype, str):
        return name, datatype
    msg = "a tensor lacks its name or datatype"
    raise CodecError(msg)


def _parameter(head: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON is any of six types
    parameters = head.get("parameters")
    return parameters.get("binary_data_size") if isinstance(parameters, dict) else None


def _binary_size(head: Mapping[str, Any]) -> int | None:
    size = _parameter(head)
    if size is None:
        return None
    if type(size) is not int or size < 0:
        msg = "a tensor's binary_data_size is not a whole number"
        raise CodecError(msg)
    return size


def _from_json(head: Mapping[str, Any], shape: tuple[int, ...]) -> list[Any]:
    data = head.get("data")
    if not isinstance(data, list):
        msg = "a tensor has neither data nor a binary_data_size"
        raise CodecError(msg)
    values = flat(data)
    if math.prod(shape) != len(values):
        msg = f"a tensor of shape {list(shape)} has {len(values)} values"
        raise CodecError(msg)
    return values


def _from_binary(piece: memoryview, datatype: str, shape: tuple[int, ...]) -> list[Any]:
    number = math.prod(shape)
    if datatype == "BYTES":
        return _strings(piece, number)
    if datatype == "BF16":
        return _finite(_bfloats(piece, number))
    form = _FORMATS.get(datatype)
    if form is None:
        msg = "a tensor in binary has a datatype that is not of the protocol"
        raise CodecError(msg)
    return _finite(_unpacked(piece, number, form))


def _unpacked(piece: memoryview, number: int, form: str) -> tuple[Any, ...]:
    layout = f"<{number}{form}"
    needed = struct.calcsize(layout)
    if needed != len(piece):
        msg = f"a tensor of {number} values has {len(piece)} bytes; it needs {needed}"
        raise CodecError(msg)
    return struct.unpack(layout, piece)


def _bfloats(piece: memoryview, number: int) -> tuple[float, ...]:
    """A bfloat16 is the upper half of the IEEE 754 single of the same value."""
    halves = _unpacked(piece, number, "H")
    return struct.unpack(
        f"<{number}f", struct.pack(f"<{number}I", *(half << 16 for half in halves))
    )


def _finite(values: tuple[Any, ...]) -> list[Any]:
    """JSON has no word for infinity and NaN: None in binary too, so that both forms read alike."""
    if all(map(math.isfinite, values)):
        return list(values)
    return [value if math.isfinite(value) else None for value in values]


def _strings(piece: memoryview, number: int) -> list[str]:
    values: list[str] = []
    place = 0
    while place + _LENGTH.size <= len(piece) and len(values) < number:
        (length,) = _LENGTH.unpack_from(piece, place)
        place += _LENGTH.size
        # Bytes that are no text keep their difference; NUL goes as strict_json has it go.
        value = bytes(piece[place : place + length]).decode("utf-8", "backslashreplace")
        values.append(value.replace("\0", "\ufffd"))
        place += length
    if len(values) != number or place != len(piece):
        msg = f"a tensor of {number} values of type BYTES does not fit its {len(piece)} bytes"
        raise CodecError(msg)
    return values
