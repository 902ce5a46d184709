"""Envoy's messages, as protobuf's own library writes them, and as nobody does."""

from __future__ import annotations

import contextlib

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import given
from hypothesis import strategies as st

from shadowmon.errors import CodecError
from shadowmon.traffic.ext_proc_wire import Kind, decode


_TYPE = descriptor_pb2.FieldDescriptorProto
_TYPES = {"string": _TYPE.TYPE_STRING, "bytes": _TYPE.TYPE_BYTES, "bool": _TYPE.TYPE_BOOL}
_MESSAGES = {
    "HeaderValue": {"key": (1, "string"), "value": (2, "string"), "raw_value": (3, "bytes")},
    "HeaderMap": {"headers": (1, "*HeaderValue")},
    "HttpHeaders": {"headers": (1, "HeaderMap"), "end_of_stream": (3, "bool")},
    "HttpBody": {"body": (1, "bytes"), "end_of_stream": (2, "bool")},
    "HttpTrailers": {"trailers": (1, "HeaderMap")},
    "ProcessingRequest": {
        "request_headers": (2, "HttpHeaders"),
        "response_headers": (3, "HttpHeaders"),
        "request_body": (4, "HttpBody"),
        "response_body": (5, "HttpBody"),
        "request_trailers": (6, "HttpTrailers"),
        "response_trailers": (7, "HttpTrailers"),
        "observability_mode": (10, "bool"),
    },
}


def _request_class():
    file = descriptor_pb2.FileDescriptorProto(
        name="envoys.proto", package="envoys", syntax="proto3"
    )
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            plain = kind.removeprefix("*")
            message.field.add(
                name=field,
                number=number,
                label=_TYPE.LABEL_REPEATED if kind != plain else _TYPE.LABEL_OPTIONAL,
                type=_TYPES.get(plain, _TYPE.TYPE_MESSAGE),
                type_name=None if plain in _TYPES else f".envoys.{plain}",
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("envoys.ProcessingRequest"))


REQUEST = _request_class()

names = st.text(st.characters(codec="ascii", min_codepoint=33, max_codepoint=126), min_size=1)


@given(
    kind=st.sampled_from([Kind.REQUEST_HEADERS, Kind.RESPONSE_HEADERS]),
    fields=st.lists(st.tuples(names, st.binary(max_size=300)), max_size=20),
    is_last=st.booleans(),
    is_observing=st.booleans(),
)
def test_heads_are_read_as_they_were_written(kind, fields, is_last, is_observing):
    """Every field of every head that protobuf writes."""
    request = REQUEST(observability_mode=is_observing)
    part = getattr(request, kind.name.lower())
    part.SetInParent()
    part.end_of_stream = is_last
    for name, value in fields:
        part.headers.headers.add(key=name, raw_value=value)

    found = decode(request.SerializeToString())

    assert (found.kind, found.is_last, found.is_observing) == (kind, is_last, is_observing)
    assert found.fields == tuple((name.encode(), value) for name, value in fields)


@given(
    kind=st.sampled_from([Kind.REQUEST_BODY, Kind.RESPONSE_BODY]),
    content=st.binary(max_size=5000),
    is_last=st.booleans(),
)
def test_bodies_are_read_as_they_were_written(kind, content, is_last):
    """Byte for byte."""
    request = REQUEST()
    part = getattr(request, kind.name.lower())
    part.SetInParent()
    part.body, part.end_of_stream = content, is_last

    found = decode(request.SerializeToString())

    assert (found.kind, found.body, found.is_last) == (kind, content, is_last)


@given(st.binary(max_size=200))
def test_whatever_comes_is_read_or_refused(data):
    """No other error, and no end without an answer."""
    with contextlib.suppress(CodecError):
        decode(data)
