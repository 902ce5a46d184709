"""Which format a file has is told by what is in it."""

from __future__ import annotations

import pytest

from shadowmon.traffic.recordings.formats import recognised
from tests.recordings import a_line
from tests.traffic_files import asking, gor_file, har, har_entry, jsonl, saying


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (gor_file(1), "goreplay"),
        (har(har_entry()), "har"),
        (b'\xef\xbb\xbf{"log":{"entries":[]}}', "har"),
        (a_line(), "pairs"),
        (jsonl({"custom_id": "a", "body": {}}), "openai"),
        (jsonl({"request": {}, "response": {}}), "openai"),
        (jsonl({"call_type": "acompletion", "model_group": "m", "response": {}}), "litellm"),
        (jsonl({"body": asking(), "answer": {"body": saying()}}), "requests"),
        (b"\n\nnot JSON\n[1]\n" + jsonl({"body": 1}), "requests"),
        (b"", None),
        (b'{"log": 1}\n', None),
        (b"\x00\xff", None),
    ],
)
def test_by_what_is_in_it(data, name):
    """The first line that says anything tells."""
    assert recognised(data[:100], iter(data.splitlines(keepends=True))) == name
