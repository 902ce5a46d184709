"""What docs/recordings.md shows is what `shadowmon replay` reads."""

from __future__ import annotations

import re

from pathlib import Path

from shadowmon.cli.main import main


PAGE = (Path(__file__).parents[3] / "docs" / "recordings.md").read_text()


def shown(kind: str, folder: Path) -> str:
    """Write the page's lines of a kind into a file, and return its path."""
    (text,) = re.findall(rf"<!-- {kind} -->\n```json\n(.*?)```", PAGE, re.DOTALL)
    file = folder / f"{kind}.jsonl"
    file.write_text(text)
    return str(file)


def test_the_pairs_on_the_page_are_judged(tmp_path, capsys):
    """Each of its lines is a pair, and none is refused."""
    assert main(["replay", shown("pairs", tmp_path), "--task", "chat"]) == 0

    told = capsys.readouterr().out
    assert "\n4 pairs; configuration" in told
    assert "refused" not in told


def test_the_requests_on_the_page_are_read(tmp_path, capsys):
    """Each is a request, and lacks nothing but the models that would have to be asked."""
    assert main(["replay", shown("requests", tmp_path), "--task", "chat"]) == 1

    assert "2 records refused: a model's answer is missing" in capsys.readouterr().out


def test_where_nothing_could_be_read_nothing_is_told_of_proofs(tmp_path, capsys):
    """Below the complaints there is no table of rules over no pairs, which would hide them."""
    (tmp_path / "junk.jsonl").write_text('{"a": 1}\n')

    assert main(["replay", str(tmp_path / "junk.jsonl")]) == 1

    told = capsys.readouterr().out
    assert 'the line has no key "a"' in told
    assert told.endswith("nothing is proven, for there is no pair that could be judged\n")
