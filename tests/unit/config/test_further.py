"""What is wrong between keys is told in the same go as what is wrong with single ones."""

from __future__ import annotations

import copy

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from shadowmon.config.document import read
from shadowmon.config.load import load
from shadowmon.errors import ConfigError


GOOD = sorted((Path(__file__).parent / "cases").glob("good.*.yaml"))

MISSPELT = "zz"

BASE = """
models:
  fp16: {url: "http://127.0.0.1:9001"}
  int8: {url: "http://127.0.0.1:9002"}
routes:
  chat: {baseline: fp16}
trials:
  int8: {route: chat, optimized: int8, task: chat}
proxy: {listen: "127.0.0.1:8080"}
"""


def complaints(text, **given):
    """Return what a configuration is refused with: (key, problem)."""
    tree = yaml.safe_load(text)
    with pytest.raises(ConfigError) as caught:
        load(None, environment=given, overrides=tree)
    return [(each.key, each.problem) for each in caught.value.complaints]


def keys(text, **given):
    """Return the keys that are complained of."""
    return [key for key, _ in complaints(text, **given)]


def changed(*changes):
    """Return the good configuration with changes; each must find its place."""
    text = BASE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ([("task: chat", "task: chta"), ("baseline: fp16", "baseline: fp61")],
         ["trials.int8.task", "routes.chat.baseline"]),
        ([("task: chat}", "task: chat, optimised: int8}"), ("route: chat", "route: chit")],
         ["trials.int8.optimised", "trials.int8.route"]),
        ([("optimized: int8, ", ""), ("baseline: fp16", "baseline: fp61")],
         ["trials.int8.optimized", "routes.chat.baseline"]),
        ([(", task: chat", ""), ("baseline: fp16", "codec: opnai, baseline: fp16")],
         ["trials.int8.task", "routes.chat.codec"]),
        ([('{listen: "127.0.0.1:8080"}', '{listen: "127.0.0.1:9180", workers: many}')],
         ["proxy.workers", "proxy.listen"]),
        ([('{url: "http://127.0.0.1:9001"}', "{}"), ("route: chat", "route: chit")],
         ["models.fp16.url", "trials.int8.route"]),
    ],
)  # fmt: skip
def test_both_in_one_go(changes, found):
    """A key that is wrong by itself hides nothing that is wrong between the others."""
    assert keys(changed(*changes)) == found


def test_a_variable_that_cannot_be_read():
    """Nor does a value that never came into the tree."""
    text = changed(("baseline: fp16", "baseline: fp61"))

    found = keys(text, SHADOWMON_MIRROR__DROP_HEADERS="no json")

    assert found == ["mirror.drop_headers", "routes.chat.baseline"]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        # With the key that was meant, there would be traffic.
        ([("{listen:", "{lisen:")], ["proxy.lisen"]),
        ([("proxy: {listen", "prxy: {listen")], ["prxy"]),
        # The console might listen anywhere, with a token or without.
        ([("proxy:", 'console: {listen: "0.0.0.0:9180", operator_token: 5}\nproxy:')],
         ["console.operator_token"]),
        # A port that is not known clashes with none.
        ([('"127.0.0.1:8080"', "9180")], ["proxy.listen"]),
        # Whatever the codec should be, its settings may be right.
        ([("baseline: fp16", "baseline: fp16, codec: 5, codec_settings: {text: a.b}")],
         ["routes.chat.codec"]),
        # Two routes may have two prefixes.
        ([("  chat: {", "  more: {baseline: fp16, path_prefix: 7}\n  chat: {")],
         ["routes.more.path_prefix"]),
        # Servers that are not known are not the same one.
        ([('"http://127.0.0.1:9001"', "5"), ('"http://127.0.0.1:9002"', "6"),
          ("task: chat", "task: chat, actuator: proxy")],
         ["models.fp16.url", "models.int8.url"]),
        # Models whose names are not known are not missed.
        ([('  int8: {url: "http://127.0.0.1:9002"}\n', '  int8: "http://127.0.0.1:9002"\n')],
         ["models.int8"]),
        ([("models:", "modls:")], ["models", "modls"]),
    ],
)  # fmt: skip
def test_nothing_that_may_be_untrue(changes, found):
    """What may come of the wrong key alone is not complained of."""
    assert sorted(keys(changed(*changes))) == found


def leaves(here: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to each value of a tree, and to each section of it."""
    steps = here.items() if isinstance(here, dict) else enumerate(here)
    for step, value in steps:
        yield (*path, step)
        if isinstance(value, dict | list):
            yield from leaves(value, (*path, step))


def broken(tree: Any, path: tuple[Any, ...]) -> Iterator[Any]:
    """Yield the tree with one value of another type, and with its key mis-spelt."""
    for wrong in (-7.5, None):
        copied = copy.deepcopy(tree)
        place(copied, path)[path[-1]] = wrong
        yield copied
    if isinstance(path[-1], str):
        copied = copy.deepcopy(tree)
        here = place(copied, path)
        here[path[-1] + MISSPELT] = here.pop(path[-1])
        yield copied


def place(tree: Any, path: tuple[Any, ...]) -> Any:
    """Return what holds the value at the end of a path."""
    for step in path[:-1]:
        tree = tree[step]
    return tree


@pytest.mark.parametrize("file", GOOD, ids=lambda path: path.stem)
def test_one_wrong_key_is_one_complaint(file):
    """In a good file whatever single key is spoilt in its form, no other one is complained of."""
    tree = read(file.read_bytes())
    for path in leaves(tree):
        for spoilt in broken(tree, path):
            for key in of_their_form(spoilt):
                steps = key.replace("[", ".").replace('"', "").replace("]", "").split(".")
                near = [str(step).removesuffix(MISSPELT) for step in path]
                shared = [a.removesuffix(MISSPELT) == b for a, b in zip(steps, near, strict=False)]
                assert all(shared), (path, key, spoilt)


def of_their_form(tree: Any) -> list[str]:
    """Return the keys that are complained of, if the form of one of them is."""
    try:
        load(None, environment={}, overrides=tree)
    except ConfigError as error:
        if any("set by flag" in each.hint for each in error.complaints):
            return [each.key for each in error.complaints]
    return []
