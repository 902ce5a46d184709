"""
Keys of the settings tree: how they are written, and what the tree has at each of them.

The tree is read off `Settings` itself, so that a key that is added there is known here.
"""

from __future__ import annotations

import enum
import typing

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeAlias

from pydantic import BaseModel, SecretStr

from shadowmon.config.settings import Settings
from shadowmon.console.plain import plain


KeyPath: TypeAlias = tuple[str | int, ...]
"""From the top: names of keys, and places in lists."""


def written(path: Sequence[str | int]) -> str:
    """Write a path as people do: `policy.red_lines[2].limit`; a key with a dot stands in quotes."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
            continue
        name = plain(step, limit=80)
        text += ("." if text else "") + (f'"{name}"' if "." in name or not name else name)
    return text


def type_at(path: Sequence[str | int]) -> Any:  # noqa: ANN401 - a type, or None
    """Return what may stand at a path, without its `| None`; None if nothing is known of it."""
    here: Any = Settings
    for step in path:
        here = inside(here, step)
        if here is None:
            return None
    return here


def fields_at(path: Sequence[str | int]) -> tuple[str, ...]:
    """Return the keys that a section has; empty where names are free, or nothing is nested."""
    here = type_at(path)
    return tuple(here.model_fields) if is_section(here) else ()


def nested_homes(path: Sequence[str | int], key: str) -> list[str]:
    """Return where below `path` a key of this very name would be right: `policy.acceptable`."""
    return [written(found) for found in _homes(type_at(path), key)]


def _homes(section: Any, key: str) -> Iterator[KeyPath]:  # noqa: ANN401 - a type
    if not is_section(section):
        return
    for name in section.model_fields:
        inner = inside(section, name)
        if is_section(inner) and key in inner.model_fields:
            yield (name, key)
        yield from ((name, *rest) for rest in _homes(inner, key))


def is_secret(path: Sequence[str | int]) -> bool:
    """
    Must what stands here never be shown?

    Beside secrets proper: headers of our own calls, which carry keys as often as not.
    """
    return type_at(path) is SecretStr or _is_header_of_ours(path)


def _is_header_of_ours(path: Sequence[str | int]) -> bool:
    return path[0] in {"models", "assessors"} and "headers" in path[2:-1]


def is_text(kind: Any) -> bool:  # noqa: ANN401 - a type
    """Is a value of this type written as text?"""
    if typing.get_origin(kind) is typing.Literal:
        return True
    return isinstance(kind, type) and issubclass(kind, str | SecretStr | Path | enum.Enum)


def is_nested(kind: Any) -> bool:  # noqa: ANN401 - a type
    """Does a value of this type hold others (a section, a table, a list)?"""
    return is_section(kind) or typing.get_origin(kind) in {dict, tuple, list}


def allows_none(path: Sequence[str | int]) -> bool:
    """May a key be null?"""
    section = type_at(path[:-1])
    if not path or not is_section(section) or path[-1] not in section.model_fields:
        return False
    annotation = section.model_fields[path[-1]].annotation
    return NoneType in typing.get_args(annotation)


def is_required(path: Sequence[str | int]) -> bool:
    """Is this a key without a default?"""
    section = type_at(path[:-1])
    field = section.model_fields.get(path[-1]) if is_section(section) else None
    return field is not None and field.is_required()


def is_table(path: Sequence[str | int]) -> bool:
    """Do sections stand here by names that are free, as in `models`?"""
    kind = type_at(path)
    return typing.get_origin(kind) is dict and is_section(inside(kind, ""))


def is_section(kind: Any) -> bool:  # noqa: ANN401 - a type
    """Is a value of this type a section, whose keys are known?"""
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def inside(kind: Any, step: str | int) -> Any:  # noqa: ANN401 - a type
    """Return what a value of this type has at a key or a place; None if nothing is known of it."""
    if is_section(kind):
        field = kind.model_fields.get(step)
        return None if field is None else _bare(field.annotation)
    arguments = typing.get_args(kind)
    if typing.get_origin(kind) is dict:
        return _bare(arguments[1])
    return _bare(arguments[0]) if typing.get_origin(kind) in {tuple, list} else None


def _bare(annotation: Any) -> Any:  # noqa: ANN401 - a type
    if typing.get_origin(annotation) is typing.Annotated:
        return _bare(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in {typing.Union, UnionType}:
        kinds = [_bare(kind) for kind in typing.get_args(annotation) if kind is not NoneType]
        return kinds[0] if len(kinds) == 1 else None
    return None if annotation is Any else annotation


def spelled(
    value: Any,  # noqa: ANN401 - any setting
    leaf: Callable[[Any, KeyPath], Any],
    path: KeyPath = (),
) -> Any:  # noqa: ANN401 - JSON
    """Spell settings out in what JSON knows; `leaf` has the last word on every single value."""
    match value:
        case BaseModel():
            fields = type(value).model_fields
            return {name: spelled(getattr(value, name), leaf, (*path, name)) for name in fields}
        case dict():
            return {name: spelled(item, leaf, (*path, name)) for name, item in value.items()}
        case list() | tuple():
            return [spelled(item, leaf, (*path, at)) for at, item in enumerate(value)]
        case enum.Enum():
            return leaf(value.value, path)
        case Path():
            return leaf(str(value), path)
        case _:
            return leaf(value, path)
