"""Result files as other tools write them."""

from __future__ import annotations

import json

import pytest

from shadowmon.gates.results.read import read_measured


@pytest.fixture
def write(tmp_path):
    """`write(name, content)` writes a file: text, an object, or lines of objects."""

    def write(name, content):
        path = tmp_path / name
        if isinstance(content, list):
            content = "".join(json.dumps(each) + "\n" for each in content)
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1))
        return path

    return write


@pytest.fixture
def figures_of():
    """`figures_of(path)` reads a file that has figures."""

    def figures_of(path):
        found = read_measured(path)
        assert found is not None
        return found.figures

    return figures_of
