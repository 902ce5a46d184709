"""The demo's four models."""

from __future__ import annotations

import pytest

from shadowmon.demo.prepare import prepare
from shadowmon.demo.quantise import load_weights
from shadowmon.policy.settings import ACCEPTABLE_LOSS, Task


ACCEPTABLE = ACCEPTABLE_LOSS[Task.CLASSIFICATION]


@pytest.mark.parametrize("seed", range(4))
def test_nature_gives_the_story_its_ends(tmp_path, seed):
    """int8 truly loses far less than is acceptable and int2 far more: nothing is staged."""
    models = {model.name: model for model in prepare(tmp_path, seed=seed)}

    assert models["fp32"].loss == 0
    assert models["int8"].loss < ACCEPTABLE / 5
    assert models["int2"].loss > ACCEPTABLE * 5


def test_files_hold_what_was_measured(tmp_path):
    """Each model's file has the size that the table shows."""
    models = prepare(tmp_path, seed=1)

    assert [load_weights(model.file).size_bytes for model in models] == [
        model.size_bytes for model in models
    ]
