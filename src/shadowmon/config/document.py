"""
A YAML file to a plain tree: only what JSON knows, within bounds, no key twice.

Rule 1: nothing is built but str, int, float, bool, None, list and dict, so that no tag runs code.
Rule 2: a plain scalar means what YAML 1.2's core schema says (10.3.2): `no` and `1:30` are text.
Rule 3: size, depth and number of values are bounded *after* aliases are expanded (alias bombs).
Rule 4: a message names a line and a key, and never shows a value: it could be a secret.
"""

from __future__ import annotations

import math
import re

from collections.abc import Iterator
from typing import Any, NoReturn, TypeAlias

import yaml

from shadowmon.config.keys import KeyPath, written
from shadowmon.console.plain import plain
from shadowmon.errors import Complaint, ConfigError


BYTES_MAX = 256 * 1024
DEPTH_MAX = 32
VALUES_MAX = 20_000
DIGITS_MAX = 18

Tree: TypeAlias = dict[str, Any]

_TAG = "tag:yaml.org,2002:"
_HALF_PAIR = "holds half of a surrogate pair, which is no character"


class _Loader(yaml.SafeLoader):
    """PyYAML's scanner and composer, with the scalars of YAML 1.2's core schema."""

    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012 - as PyYAML declares it


_FLOAT = (
    r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
)
for _kind, _pattern, _first in (
    ("null", r"(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"[-+]?[0-9]+$", list("-+0123456789")),
    ("float", _FLOAT, list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(_TAG + _kind, re.compile(_pattern), _first)


def read(content: bytes) -> Tree:
    """
    Read a configuration file's bytes.

    Returns:
        The tree; empty for an empty file.

    Raises:
        ConfigError: With every complaint that can be found, each with its line.

    """
    node = _composed(_text(content))
    if node is None:
        return {}
    if not isinstance(node, yaml.MappingNode):
        _refuse("the file", f"the top level must be a mapping (key: value), found {_a(node)}")
    reader = _Reader()
    tree = reader.mapping(node, ())
    if reader.complaints:
        raise ConfigError(*reader.complaints)
    return tree


def _text(content: bytes) -> str:
    if len(content) > BYTES_MAX:
        problem = f"is {len(content):,} bytes long, at most {BYTES_MAX:,} are allowed"
        _refuse("the file", problem)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse("the file", f"is not UTF-8 at byte {error.start + 1}")


def _composed(text: str) -> yaml.Node | None:
    try:
        return _Loader(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}" if mark else "the file"
        what = ", ".join(part for part in (error.context, error.problem) if part)
        _refuse(where, f"is not YAML: {plain(what)}")
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        _refuse(f"line {line}", "holds a character that YAML does not allow")
    except RecursionError:
        _refuse("the file", f"is nested more than {DEPTH_MAX} levels deep")


class _Reader:
    """Turns nodes into values; collects what is wrong on the way."""

    def __init__(self) -> None:
        self.complaints: list[Complaint] = []
        self._values = 0

    def value(self, node: yaml.Node, path: KeyPath) -> Any:  # noqa: ANN401 - any JSON value
        self._values += 1
        if self._values > VALUES_MAX:
            _refuse(
                f"line {_line(node)}",
                f"holds more than {VALUES_MAX:,} values once its aliases are expanded",
            )
        if len(path) > DEPTH_MAX:
            _refuse(
                f"line {_line(node)}",
                f"is nested more than {DEPTH_MAX} levels deep",
                "does an alias contain itself?",
            )
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path)
        if isinstance(node, yaml.SequenceNode) and node.tag == _TAG + "seq":
            return [self.value(item, (*path, at)) for at, item in enumerate(node.value)]
        return self._scalar(node, path)

    def mapping(self, node: yaml.MappingNode, path: KeyPath) -> Tree:
        """Read a mapping; its own keys win over what it merges in (`<<: *defaults`)."""
        if node.tag != _TAG + "map":
            self._complain_of_tag(node, path)
        merged: Tree = {}
        own: Tree = {}
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._complain(key_node, path, f"has {_a(key_node)} for a key; keys must be text")
                continue
            if key_node.value == "<<" and key_node.style is None:
                for base in self._bases(value_node, path):
                    merged = {**base, **merged}
                continue
            key, line = key_node.value, _line(key_node)
            if not is_unicode(key):
                self._complain(key_node, path, f"has a key that {_HALF_PAIR}")
                continue
            if key in own:
                problem = f"is given twice, on lines {lines[key]} and {line}"
                self.complaints.append(Complaint(key=written((*path, key)), problem=problem))
                continue
            lines[key] = line
            own[key] = self.value(value_node, (*path, key))
        return {**merged, **own}

    def _bases(self, node: yaml.Node, path: KeyPath) -> Iterator[Tree]:
        bases = node.value if isinstance(node, yaml.SequenceNode) else [node]
        for base in bases:
            if isinstance(base, yaml.MappingNode):
                yield self.value(base, (*path, "<<"))
            else:
                self._complain(base, path, f"merges {_a(base)} by <<; only a mapping can be merged")

    def _scalar(self, node: yaml.Node, path: KeyPath) -> str | int | float | bool | None:
        match node.tag.removeprefix(_TAG):
            case "str":
                return self._string(node, path)
            case "null":
                return None
            case "bool":
                return str(node.value).lower() == "true"
            case "int":
                return self._integer(node, path)
            case "float":
                return self._float(node, path)
            case _:
                self._complain_of_tag(node, path)
                return None

    def _string(self, node: yaml.Node, path: KeyPath) -> str | None:
        text = str(node.value)
        if not is_unicode(text):  # "\\ud800" in double quotes
            self._complain(node, path, _HALF_PAIR)
            return None
        return text

    def _integer(self, node: yaml.Node, path: KeyPath) -> int | None:
        if len(node.value) > DIGITS_MAX:
            self._complain(node, path, f"is a number of more than {DIGITS_MAX} digits")
            return None
        try:
            return int(node.value)
        except ValueError:  # an explicit tag on what is no number: `!!int three`
            self._complain(node, path, "is tagged as a whole number, and is none")
            return None

    def _float(self, node: yaml.Node, path: KeyPath) -> float | None:
        try:
            number = float(node.value)
        except ValueError:  # `.inf`, `.nan`, or an explicit tag
            number = math.nan
        if not math.isfinite(number):
            self._complain(node, path, "must be a finite number")
            return None
        return number

    def _complain_of_tag(self, node: yaml.Node, path: KeyPath) -> None:
        self._complain(node, path, f"has the tag {plain(node.tag)}, which is not allowed")

    def _complain(self, node: yaml.Node, path: KeyPath, problem: str) -> None:
        key = written(path) or "the file"
        self.complaints.append(Complaint(key=key, problem=f"{problem} (line {_line(node)})"))


def is_unicode(text: str) -> bool:
    """Can this text be written as UTF-8? Half a surrogate pair cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refuse(key: str, problem: str, hint: str = "") -> NoReturn:
    # Without its cause: a parser's own text quotes the file.
    raise ConfigError(Complaint(key=key, problem=problem, hint=hint)) from None


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _a(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    return "a list" if isinstance(node, yaml.SequenceNode) else "a single value"
