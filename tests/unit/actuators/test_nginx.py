"""The file that nginx splits by."""

from __future__ import annotations

import pytest

from hypothesis import given
from hypothesis import strategies as st

from shadowmon.actuators.nginx import NginxSettings, split_file, weight_in
from shadowmon.errors import ActuatorError
from shadowmon.records import Weight


SETTINGS = NginxSettings.model_validate({"file": "/etc/nginx/shadowmon.conf"})


@given(weight=st.integers(0, 10_000))
def test_what_is_written_is_read(weight):
    """Every basis point: nginx takes hundredths of a percent."""
    assert weight_in(SETTINGS, split_file(SETTINGS, Weight(weight))) == weight


def test_the_optimized_model_begins_the_line():
    """So that a rising share moves keys one way only."""
    assert split_file(SETTINGS, Weight(250)).decode().splitlines()[1:] == [
        'split_clients "$request_id" $shadowmon_model {',
        "    2.50% optimized;",
        "    * baseline;",
        "}",
    ]


@pytest.mark.parametrize(
    "parts",
    [
        "",
        "* other;",
        "10% optimized;",
        "10% optimized; * baseline;\n x",
        "200% optimized;\n* baseline;",
    ],
)
def test_what_is_no_split_between_the_two_is_no_weight(parts):
    """Whatever else stands there was written by somebody else."""
    content = f'split_clients "$x" $y {{\n{parts}\n}}\n'.encode()
    with pytest.raises(ActuatorError, match="is no split between baseline and optimized"):
        weight_in(SETTINGS, content)
