"""Which assessors there are, where their endpoints lie, what they may spend. None by default."""

from __future__ import annotations

import enum

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr


_URL = r"^https?://[^/]+(/.*)?$"


class EndpointSettings(BaseModel):
    """An HTTP endpoint that assesses. Texts of users and models are sent to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(pattern=_URL)
    """Scheme, host, port and the API's path prefix, as in http://judge:8000/v1."""
    model: str = ""
    """The model to ask for; empty where the endpoint has but one."""
    bearer_token: SecretStr | None = None
    headers: dict[str, str] = {}
    timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 10.0
    connections_max: Annotated[int, Field(ge=1, le=256)] = 8
    calls_per_minute: Annotated[int, Field(ge=1)] = 600
    """Of one scoring worker; beyond it assessments are unavailable (`budget`)."""
    calls_per_day: Annotated[int, Field(ge=1)] = 100_000
    chars_max: Annotated[int, Field(ge=16)] = 20_000
    """A text is cut here before it is sent, the same for both models."""


class Embedder(enum.StrEnum):
    """How an embeddings endpoint is spoken to."""

    OPENAI = "openai"
    """POST {url}/embeddings"""
    TEI = "tei"
    """POST {url}/embed"""
    OLLAMA = "ollama"
    """POST {url}/api/embed"""
    ONNX = "onnx"
    """No endpoint: a sentence encoder in `onnx_folder` (extra `semantic`)."""


class SemanticSettings(BaseModel):
    """How far apart two answers are in meaning: `semantic_divergence`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Embedder = Embedder.OPENAI
    endpoint: EndpointSettings | None = None
    onnx_folder: Path | None = None
    """Holds model.onnx and tokenizer.json."""
    dimensions: Annotated[int, Field(ge=1)] | None = None
    batch_max: Annotated[int, Field(ge=1, le=2048)] = 64
    cache_max: Annotated[int, Field(ge=0)] = 10_000
    """Vectors that are kept, by digest of the text."""
    unrelated_cosine: Annotated[float, Field(ge=-1, lt=1)] | None = None
    """The cosine of two answers that have nothing to do with each other: divergence 1. None: learnt
    for each route from shuffled pairs before anything is reported."""
    learn_from: Annotated[int, Field(ge=10)] = 200
    """Answers of a route from which that is learnt."""


class ModerationSettings(BaseModel):
    """An endpoint that says whether a text is unsafe; it joins the patterns in `unsafe`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    endpoint: EndpointSettings
    kind: Literal["openai", "json"] = "openai"
    """`openai`: POST {url}/moderations. `json`: POST {url}, read by the two expressions."""
    request: str = '{"input": $text}'
    """kind json: the body, JSON in which $text stands for the text as a JSON string."""
    flagged: str = "results[0].flagged"
    """kind json: a JMESPath expression on the answer, true for an unsafe text."""
    categories: tuple[str, ...] = ()
    """kind openai: only these count; none named: `flagged` itself."""
    confirm: bool = True
    """Ask once more before an answer counts as unsafe that only one of the two models gave."""


class JudgeSettings(BaseModel):
    """A model that compares two answers: `preference`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    endpoint: EndpointSettings
    rubric: dict[str, str] = {}
    """Task -> what a good answer is, in place of the shipped text."""
    share: Annotated[float, Field(gt=0, le=1)] = 0.05
    """Of the pairs whose texts are alike, those that are judged all the same."""
    share_different: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Of the pairs whose texts differ."""
    different_above: Annotated[float, Field(ge=0, le=1)] = 0.3
    """chrF divergence from which two texts differ."""
    canary_every: Annotated[int, Field(ge=10)] = 100
    """Judged pairs between two canaries: planted comparisons whose outcome is known."""
    canaries_failed_max: Annotated[float, Field(gt=0, lt=1)] = 0.25
    """Share of the last 20 canaries that may fail, of each of the four kinds by itself; beyond it
    the judge is unavailable."""
    answer_tokens_max: Annotated[int, Field(ge=16)] = 400


class SandboxSettings(BaseModel):
    """Running the code that models write. It is run in a sandbox, or not at all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    allow_landlock: bool = False
    """Where namespaces are forbidden, let Landlock, seccomp and limits be the sandbox."""
    workers: Annotated[int, Field(ge=1, le=32)] = 1
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 5.0
    memory_max_bytes: Annotated[int, Field(ge=64 * 1024 * 1024)] = 512 * 1024 * 1024
    output_max_bytes: Annotated[int, Field(ge=1024)] = 1024 * 1024


class LintSettings(BaseModel):
    """Static analysis of the Python in answers: `lint_clean` (extra `code`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: Annotated[tuple[str, ...], Field(min_length=1)] = ("B", "E7", "E9", "F", "PLE")
    """Ruff's rules, by their prefixes: likely bugs, and no matters of taste."""
    batch_max: Annotated[int, Field(ge=1, le=512)] = 64
    gathering_seconds: Annotated[float, Field(ge=0, le=10)] = 0.1
    """How long the first source of a batch waits for others."""
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 10.0


class SymbolicMathSettings(BaseModel):
    """Equality of two formulas, proven in a worker process that may be killed (extra `math`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    workers: Annotated[int, Field(ge=1, le=16)] = 1
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 2.0
    memory_max_bytes: Annotated[int, Field(ge=256 * 1024 * 1024)] = 1024 * 1024 * 1024


class AssessorsSettings(BaseModel):
    """Settings of assessors/."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    semantic: SemanticSettings | None = None
    moderation: ModerationSettings | None = None
    judge: JudgeSettings | None = None
    sandbox: SandboxSettings | None = None
    lint: LintSettings | None = None
    symbolic_math: SymbolicMathSettings | None = None
    in_flight_max: Annotated[int, Field(ge=1)] = 32
    """Pairs that are assessed at one time, in each scoring worker."""
    deadline_seconds: Annotated[float, Field(gt=0)] = 30.0
    """All assessments of one pair; what is not there by then is unavailable."""
