"""
Where relative paths lead.

Rule 1: what a file says is relative to that file's folder, wherever the daemon is started; a copy
of the folder elsewhere is a whole one. So it is with Prometheus.
Rule 2: what a flag, a variable or a secret file says is relative to the folder that the command
runs in, as every path on a command line.
Rule 3: the store, where nothing names it, lies in STATE_DIRECTORY if there is one (systemd.exec(5)
sets it, and so does our image), else beside the file.
Rule 4: no link is followed and no `..` taken away: the file's folder may be a link that is
exchanged for another (Kubernetes).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shadowmon import plugins
from shadowmon.config.document import Tree
from shadowmon.config.keys import KeyPath, inside
from shadowmon.config.settings import Settings
from shadowmon.errors import ConfigError


STATE_FOLDER = "STATE_DIRECTORY"

_TEXTS = frozenset({"review.pairs"})
"""Of a trial, what is a path and typed as text: rollout/ is pure, and knows no paths."""


def led(tree: Tree, folder: Path) -> Tree:
    """Return the tree with every path in it absolute, those of actuators among them."""
    found: Tree = _led(tree, Settings, (), folder)
    return found


def folder_of(file: Path | None) -> Path:
    """Return the folder of a file; without one the folder that the command runs in."""
    return file.parent if file else Path()


def store_led(settings: Settings, file: Path | None, environment: Mapping[str, str]) -> Settings:
    """Return settings whose store has a place, if nothing named one."""
    # Several may be named, with colons between them; the first is ours.
    state = environment.get(STATE_FOLDER, "").partition(":")[0]
    path = _absolute(Path(state) if state else folder_of(file), settings.store.path)
    store = settings.store.model_copy(update={"path": path})
    return settings.model_copy(update={"store": store})


def _led(value: Any, kind: Any, path: KeyPath, folder: Path) -> Any:  # noqa: ANN401 - JSON
    match value:
        case dict():
            kind = _actuator(value) if _is_actuator(path) else kind
            return {
                key: _led(each, inside(kind, key), (*path, key), folder)
                for key, each in value.items()
            }
        case list() | tuple():
            return [
                _led(each, inside(kind, at), (*path, at), folder) for at, each in enumerate(value)
            ]
        case str() | Path() if kind is Path or _is_text(path):
            return str(_absolute(folder, value))
        case _:
            return value


def _absolute(folder: Path, path: str | Path) -> Path:
    """Lead a relative path; where we are is asked only if it is needed, for it may be no more."""
    return (folder / path).absolute()


def _is_text(path: KeyPath) -> bool:
    return path[0] == "trials" and ".".join(map(str, path[2:])) in _TEXTS


def _is_actuator(path: KeyPath) -> bool:
    return len(path) == 3 and (path[0], path[2]) == ("trials", "actuator")  # noqa: PLR2004


def _actuator(options: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a type, or None
    """Return the settings of an actuator's own; None if there is no such (complained of later)."""
    try:
        return plugins.load("actuators", str(options.get("type")), key="type").Settings
    except ConfigError:
        return None
