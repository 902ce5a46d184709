"""The table of families and the code that counts stay in step."""

from __future__ import annotations

import re

from pathlib import Path

import shadowmon

from shadowmon.telemetry.families import BY_NAME, FAMILIES
from shadowmon.telemetry.family import PREFIX
from shadowmon.traffic import events, ext_proc
from shadowmon.traffic.joining import Fate


SOURCE = Path(shadowmon.__file__).parent


def test_whatever_is_counted_has_a_family() -> None:
    """Every name that is counted anywhere in the source is in the table."""
    counted = {
        name
        for file in SOURCE.rglob("*.py")
        for name in re.findall(
            r"""(?:\b(?:add|observe|set)\(\s*|Sample\(\s*name=)"([a-z_]+(?:_total|_seconds|_length))\"""",
            file.read_text(),
        )
    }

    assert counted
    assert counted <= set(BY_NAME)


def test_names_follow_prometheus() -> None:
    """Names are lower-case words without the prefix, and no label is one of Prometheus' own."""
    for family in FAMILIES:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", family.name)
        assert not family.name.startswith(PREFIX)
        assert not {"le", "job", "instance", "quantile"} & set(family.labels)


def test_fates_of_events_are_those_that_are_told() -> None:
    """The closed sets of the family and of whoever counts are one."""
    family = BY_NAME["events_total"]

    assert family.closed["source"] == events.SOURCES
    assert set(family.closed["fate"]) == set(Fate)


def test_ends_and_fates_of_envoys_streams_are_those_that_are_told() -> None:
    """The closed sets of the families and of whoever counts are one."""
    assert set(BY_NAME["ext_proc_streams_total"].closed["end"]) == set(ext_proc.End)
    assert set(ext_proc.Fate) <= set(BY_NAME["exchanges_total"].closed["fate"])
