"""Where a replay's pairs are kept, and what is there after a stop of any kind."""

from __future__ import annotations

import json
import stat

from dataclasses import replace

import pytest

from shadowmon.daemon.pairs_file import About, PairsFile
from shadowmon.errors import RefusedError


ABOUT = About(trial="t", baseline="base", optimized="int8", recording="r1")


@pytest.fixture
def path(tmp_path):
    """Return where the pairs go."""
    return tmp_path / "pairs.jsonl"


def opened(path, *, resume=False, about=ABOUT):
    """Open the file, and take up what is there."""
    file = PairsFile(path, about, resume=resume)
    for line in file.lines():
        file.know(json.loads(line)["id"])
    return file


def test_from_the_beginning_to_the_end(path):
    """Pairs are written as they come; once all is done nothing else is left."""
    file = opened(path)
    file.add("a", b'{"id": "a"}\n')
    assert file.is_done("a")
    assert not file.is_done("b")
    assert file.state_path.exists()

    file.close(finished=True)

    assert path.read_bytes() == b'{"id": "a"}\n'
    assert [each.name for each in path.parent.iterdir()] == ["pairs.jsonl"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_after_a_stop(path):
    """Whatever was done is known again: pairs, and requests that became none."""
    file = opened(path)
    file.add("a", b'{"id": "a"}\n')
    file.spend("b", "shed")
    file.close(finished=False)

    file = opened(path, resume=True)

    assert [file.is_done(name) for name in "abc"] == [True, True, False]
    assert file.spent() == {"b": "shed"}
    file.add("c", b'{"id": "c"}\n')
    file.close(finished=True)
    assert path.read_bytes() == b'{"id": "a"}\n{"id": "c"}\n'


def test_a_line_that_a_kill_cut(path):
    """Half a line is cut off, and its request is not done."""
    file = opened(path)
    file.add("a", b'{"id": "a"}\n')
    file.add("b", b'{"id": "b"')
    file.close(finished=False)

    file = opened(path, resume=True)

    assert not file.is_done("b")
    file.add("b", b'{"id": "b"}\n')
    file.close(finished=True)
    assert path.read_bytes() == b'{"id": "a"}\n{"id": "b"}\n'


def test_pairs_that_are_there(path):
    """What is there is not written over."""
    path.write_text("something\n")

    with pytest.raises(RefusedError, match="is there already; go on with it by --resume"):
        opened(path)
    assert path.read_text() == "something\n"


@pytest.mark.parametrize(
    ("about", "problem"),
    [
        ({"recording": "r2"}, "its pairs are of another recording"),
        ({"optimized": "int4"}, "its pairs are of another optimized"),
    ],
)
def test_pairs_of_something_else(path, about, problem):
    """Pairs of another recording, or of other models, are not added to."""
    opened(path).close(finished=False)

    with pytest.raises(RefusedError, match=problem):
        opened(path, resume=True, about=replace(ABOUT, **about))


def test_nothing_to_go_on_with(path):
    """Without a state there is nothing to go on with, or all is done."""
    with pytest.raises(RefusedError, match="there is nothing to go on with"):
        opened(path, resume=True)
    opened(path).close(finished=True)
    with pytest.raises(RefusedError, match="all is done"):
        opened(path, resume=True)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"format": "other", "about": 1, "spent": {}}']
)
def test_a_state_that_is_none(path, content):
    """A file that is no state is not believed."""
    path.with_name("pairs.jsonl.state").write_text(content)

    with pytest.raises(RefusedError, match="is no state of a replay"):
        opened(path, resume=True)


def test_two_at_once(path):
    """Only one process writes it at a time."""
    file = opened(path)
    try:
        with pytest.raises(RefusedError, match="another replay is writing it"):
            opened(path, resume=True)
    finally:
        file.close(finished=True)


def test_where_nothing_can_be_written(tmp_path):
    """A file that cannot be made is said with the reason."""
    with pytest.raises(RefusedError, match="cannot be written: No such file"):
        opened(tmp_path / "nowhere" / "pairs.jsonl")
