"""A recording's files, opened."""

from __future__ import annotations

import json

import pytest

from shadowmon.daemon.recording import CHANGED, CUT, Recording, recognised
from shadowmon.errors import RefusedError
from shadowmon.traffic.recordings.formats import GOREPLAY, HAR, REQUESTS
from shadowmon.traffic.recordings.goreplay import GoReplay
from shadowmon.traffic.recordings.har import HTTP_ARCHIVE
from shadowmon.traffic.recordings.recording import Format, RecordingError
from shadowmon.traffic.recordings.request_lines import REQUEST_LINES
from tests.traffic_files import asking, gor_file, har, har_entry, jsonl, saying, zipped


READERS: dict[str, Format] = {GOREPLAY: GoReplay(), HAR: HTTP_ARCHIVE, REQUESTS: REQUEST_LINES}


def opened(*files, name=GOREPLAY):
    """Open a recording; return it and what was refused."""
    refused: list[tuple[str, str, int]] = []
    paths = [str(file) for file in files]
    recording = Recording(paths, name, READERS[name], refuse=lambda *told: refused.append(told))
    return recording, refused


def asked(recording):
    """Return what each request asks."""
    return [json.loads(recording.read(slot).body) for slot in recording.slots]


@pytest.mark.parametrize("pack", [bytes, zipped])
def test_goreplay(tmp_path, pack):
    """A file is read, compressed or not, in the order of its times."""
    data = gor_file(3, answered=True)
    file = tmp_path / "a.gor"
    file.write_bytes(pack(data))

    recording, refused = opened(file)

    with recording:
        assert recognised(str(file)) == GOREPLAY
        assert asked(recording) == [asking(f"question {number}") for number in range(3)]
        answers = [recording.read(slot).baseline for slot in recording.slots]
        assert [json.loads(each.body) for each in answers if each] == [
            saying(f"answer {number}") for number in range(3)
        ]
    assert refused == []


def test_several_members(tmp_path):
    """Files to which GoReplay appended have several compressed members."""
    file = tmp_path / "a.gor.gz"
    file.write_bytes(zipped(gor_file(2)[:100]) + zipped(gor_file(2)[100:]))

    recording, refused = opened(file)

    with recording:
        assert len(asked(recording)) == 2
    assert refused == []


@pytest.mark.parametrize("damage", [lambda data: data[:-20], lambda data: data + b"garbage"])
def test_a_damaged_compression(tmp_path, damage):
    """What is before the damage is read, and the damage is told."""
    file = tmp_path / "a.gor.gz"
    file.write_bytes(damage(zipped(gor_file(200))))

    recording, refused = opened(file)

    with recording:
        whole = recording.slots[:-1]  # the last one may be cut
        assert whole
        assert all(recording.read(slot).body for slot in whole)
    assert (CUT, str(file), 1) in refused


def test_an_archive(tmp_path):
    """An archive's entries are its requests."""
    file = tmp_path / "a.har"
    file.write_bytes(har(har_entry(), har_entry()))

    recording, _ = opened(file, name=HAR)

    with recording:
        assert asked(recording) == [asking(), asking()]


def test_an_archive_that_is_none(tmp_path):
    """A damaged archive is refused as one record."""
    file = tmp_path / "a.har"
    file.write_bytes(har(har_entry())[:-5])

    recording, refused = opened(file, name=HAR)

    with recording:
        assert recording.slots == []
    ((problem, _, number),) = refused
    assert problem.startswith("it is no HTTP archive: not JSON at character")
    assert number == 1


def test_files_of_the_same_name(tmp_path):
    """Records without ids of their own are not mixed up if two files have the same name."""
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "r.jsonl").write_bytes(jsonl({"body": asking(folder)}))

    recording, refused = opened(
        tmp_path / "one" / "r.jsonl", tmp_path / "two" / "r.jsonl", name=REQUESTS
    )

    with recording:
        assert asked(recording) == [asking("one"), asking("two")]
    assert refused == []


def test_a_file_that_changes(tmp_path):
    """A file that becomes shorter while it is read is told, and not misread."""
    file = tmp_path / "a.gor"
    file.write_bytes(gor_file(2))
    recording, _ = opened(file)

    with recording:
        file.write_bytes(b"")
        with pytest.raises(RecordingError, match=CHANGED):
            recording.read(recording.slots[0])


def test_a_file_that_is_not_there(tmp_path):
    """What cannot be read is said."""
    with pytest.raises(RefusedError, match=r"a\.gor: cannot be read: No such file"):
        opened(tmp_path / "a.gor")
    with pytest.raises(RefusedError, match=r"a\.gor: cannot be read: No such file"):
        recognised(str(tmp_path / "a.gor"))
