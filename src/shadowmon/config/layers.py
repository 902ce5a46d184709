"""
What stands over the YAML file: secret files, then the environment, then flags.

Each layer is read into `Given`s, one value for one key, with the name of where it came from, so
that a complaint can say so. Laying them over the tree is `Layers.lay`.

Rule 1: text is read by the type of its key: a text stays text, everything else is read as JSON.
Rule 2: a value's text is never shown; its source's name is.
"""

from __future__ import annotations

import json
import math

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shadowmon.config.document import Tree, is_unicode
from shadowmon.config.keys import (
    KeyPath,
    allows_none,
    is_nested,
    is_text,
    type_at,
    written,
)
from shadowmon.config.settings import Settings
from shadowmon.console.plain import plain
from shadowmon.errors import Complaint, ConfigError


PREFIX = "SHADOWMON_"
SECRETS_FOLDER = "SHADOWMON_SECRETS"
SECRET_MAX_BYTES = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One value for one key."""

    steps: tuple[str, ...]
    """As written by whoever gave it; `lay` finds the key that is meant."""
    value: Any
    """Text that is still to be read by its key's type, or (from a flag) already a value."""
    source: str
    """For people: `environment variable SHADOWMON_MIRROR__QUEUE_MAX`."""


def from_environment(environment: Mapping[str, str]) -> Iterator[Given]:
    """
    Read `SHADOWMON_MIRROR__QUEUE_MAX=5`: parts of the key are joined by two underscores.

    Other names that begin with SHADOWMON_ are left alone: Kubernetes sets SHADOWMON_SERVICE_HOST
    and the like for a service called shadowmon.
    """
    for name in sorted(environment):
        if not name.startswith(PREFIX):
            continue
        steps = tuple(name.removeprefix(PREFIX).split("__"))
        if len(steps) > 1 or steps[0].lower() in Settings.model_fields:
            yield Given(
                steps=steps, value=environment[name], source=f"environment variable {plain(name)}"
            )


def from_secrets(folder: Path) -> Iterator[Given]:
    """
    Read a folder of secret files: `console__operator_token`, `models__int8__bearer_token`.

    Names that begin with a dot are left alone: Kubernetes keeps its own links under such. One line
    end at the end of a file is not part of the secret.

    Raises:
        ConfigError: If the folder or a file in it cannot be read.

    """
    try:
        files = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        for path in files:
            if path.is_file():
                yield Given(
                    steps=tuple(path.name.split("__")),
                    value=_secret(path),
                    source=f"secret file {plain(path.name)}",
                )
    except OSError as error:
        where = plain(str(error.filename or folder))
        raise ConfigError(
            Complaint(key="secrets", problem=f"{where} cannot be read: {error.strerror}")
        ) from None


def _secret(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(SECRET_MAX_BYTES + 1)
    key = f"secret file {plain(path.name)}"
    if len(content) > SECRET_MAX_BYTES:
        raise ConfigError(Complaint(key=key, problem=f"is longer than {SECRET_MAX_BYTES:,} bytes"))
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise ConfigError(Complaint(key=key, problem="is not UTF-8")) from None
    return text.removesuffix("\n").removesuffix("\r")


def from_flags(overrides: Mapping[str, Any]) -> Iterator[Given]:
    """Read `{"mirror.queue_max": 5}`; a value that is text is read by its key's type."""
    for key, value in overrides.items():
        yield Given(steps=tuple(key.split(".")), value=value, source=f"flag for {plain(key)}")


class Layers:
    """The tree with everything laid over it, and where each value came from."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.complaints: list[Complaint] = []
        self._sources: dict[KeyPath, str] = {}

    def source(self, path: KeyPath) -> str:
        """Return what set the value at `path`; empty if the file did."""
        for length in range(len(path), 0, -1):
            if path[:length] in self._sources:
                return self._sources[path[:length]]
        return ""

    def lay(self, layer: Iterable[Given]) -> None:
        """Lay one layer over all that was laid before."""
        for given in layer:
            try:
                self._lay(given)
            except _UnusableError as error:
                complaint = Complaint(key=error.key, problem=error.problem, hint=given.source)
                self.complaints.append(complaint)

    def _lay(self, given: Given) -> None:
        if not all(map(is_unicode, given.steps)):
            raise _UnusableError(written(given.steps), "is a key that is not UTF-8")
        here = self.tree
        path: KeyPath = ()
        for step in given.steps[:-1]:
            name = _meant(step, here, path)
            path = (*path, name)
            below = here.get(name)
            if below is None:
                below = here[name] = {}
            if not isinstance(below, dict):
                problem = f'cannot be given a key "{plain(given.steps[-1])}": it is no mapping'
                raise _UnusableError(written(path), problem)
            here = below
        name = _meant(given.steps[-1], here, path)
        path = (*path, name)
        value = _read(given.value, path) if isinstance(given.value, str) else given.value
        here[name] = _joined(here.get(name), value)
        self._sources[path] = given.source


class _UnusableError(Exception):
    def __init__(self, key: str, problem: str) -> None:
        super().__init__(problem)
        self.key = key
        self.problem = problem


def _meant(step: str, here: Tree, path: KeyPath) -> str:
    """
    Find the key that a part of a name means, whatever its case.

    An environment variable knows no lower case, dash or dot: `INT8_G128` means the model
    `int8-g128` if there is one.
    """
    if step in here:
        return step
    same = [key for key in here if _folded(key) == _folded(step)]
    if len(same) > 1:
        choices = ", ".join(plain(key) for key in same)
        raise _UnusableError(written((*path, step)), f"may mean any of: {choices}")
    return same[0] if same else step.lower()


def _folded(key: str) -> str:
    return key.casefold().replace("-", "_").replace(".", "_")


def _joined(below: Any, above: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Mappings are joined key by key, the upper one's winning; anything else is replaced."""
    if isinstance(below, dict) and isinstance(above, Mapping):
        return {**below, **{key: _joined(below.get(key), value) for key, value in above.items()}}
    return above


def _read(text: str, path: KeyPath) -> Any:  # noqa: ANN401 - any JSON value
    """Read a value's text by the type that its key has."""
    if not is_unicode(text):
        raise _UnusableError(written(path), "is not UTF-8")
    kind = type_at(path)
    if text == "null" and allows_none(path):
        return None
    if is_text(kind):
        return text
    try:
        return json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        if is_nested(kind):
            problem = 'must be JSON, such as {"key": "value"} or ["one", "two"]'
            raise _UnusableError(written(path), problem) from None
        return text  # what is wrong with it is said by whoever checks its type


def _refuse(text: str) -> float:
    raise ValueError(text)


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)
