"""
A stranger's plugins, installed into a folder: a codec and a scorer with bugs, which quote in their
errors whatever they stumbled over.
"""

from __future__ import annotations

from pathlib import Path


BREAKS_READING = "break-the-reading"
BREAKS_ANSWER = "break-the-answer"
BREAKS_SCORE = "break-the-score"

_CODE = f"""
from shadowmon.records import Metric, MetricKind, Observation
from shadowmon.traffic.codecs.openai import OpenAI


class Codec(OpenAI):
    def read_request(self, exchange):
        if b"{BREAKS_READING}" in exchange.body:
            raise KeyError(exchange.body, exchange.target, exchange.headers)
        return super().read_request(exchange)

    def read_answer(self, *, status, headers, body):
        if b"{BREAKS_ANSWER}" in body:
            raise ValueError(body)
        return super().read_answer(status=status, headers=headers, body=body)


class Scorer:
    metrics = (Metric(name="strange", kind=MetricKind.DIVERGENCE, sentence="It is strange."),)

    def __init__(self, settings):
        pass

    def score(self, pair):
        text = pair.optimized.answer.text if pair.optimized.answer else ""
        if "{BREAKS_SCORE}" in (text or ""):
            raise RuntimeError(repr(pair))
        return [Observation(metric="strange", distance=0.0)]
"""

_METADATA = "Metadata-Version: 2.1\nName: stranger\nVersion: 1\n"
_ENTRY_POINTS = """
[shadowmon.codecs]
stranger = stranger:Codec

[shadowmon.scorers]
stranger = stranger:Scorer
"""


def install(folder: Path) -> None:
    """Install them; whoever has the folder on its path can name them in a configuration."""
    (folder / "stranger.py").write_text(_CODE)
    info = folder / "stranger-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(_METADATA)
    (info / "entry_points.txt").write_text(_ENTRY_POINTS)
