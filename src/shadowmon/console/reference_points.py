"""
What others measured of quantised models, to stand beside what is measured here. For the eye only.

Rule: nothing is ever decided by these; each says where it comes from. Quality is the share of the
full-precision model's figure that is kept; above 1 it is noise, as the sources print it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferencePoint:
    """One published figure."""

    name: str
    lower: float
    """Share of quality that is kept; `upper` is the same where one figure was published."""
    upper: float
    source: str
    cost_ratio: float | None = None
    """Times the full-precision model's cost; None where the source tells of quality only."""
    weight_bits: float | None = None


def _typical(name: str, cost_ratio: float, lower: float, upper: float) -> ReferencePoint:
    return ReferencePoint(
        name=name,
        cost_ratio=cost_ratio,
        lower=lower,
        upper=upper,
        source="rule of thumb: the first half of the saving costs 1-2 % of quality",
    )


def _published(name: str, bits: float, kept: float, source: str) -> ReferencePoint:
    return ReferencePoint(name=name, weight_bits=bits, lower=kept, upper=kept, source=source)


_QWEN2 = "Qwen2 documentation: mean of MMLU, C-Eval, IFEval"
_AUTOROUND = "AutoRound paper: 8 Llama and Mistral models, 11 zero-shot tasks"
_COMPRESSOR = "llm-compressor README: GSM8K 5-shot, flexible extraction"
_VLLM = "vLLM's CI: GSM8K, Llama-3-8B-Instruct, n=250"
_EXLLAMA = "ExLlamaV2: HumanEval pass@1, Mistral-7B"
_TRANSLATION = "CTranslate2: BLEU, OpenNMT and Marian"

REFERENCE_POINTS: Sequence[ReferencePoint] = (
    _typical("fp16", 1.0, 1.0, 1.0),
    _typical("int8 weights", 0.5, 0.98, 0.99),
    _typical("int8 weights and KV cache", 0.35, 0.97, 0.98),
    _typical("int4 weights", 0.25, 0.94, 0.97),
    _typical("aggressive int4", 0.2, 0.90, 0.95),
    _published("Qwen2-72B int8", 8, 0.993, _QWEN2),
    _published("Qwen2-72B int4 GPTQ", 4, 0.999, _QWEN2),
    _published("Qwen2-72B int4 AWQ", 4, 0.989, _QWEN2),
    _published("Qwen2-7B int8", 8, 0.990, _QWEN2),
    _published("Qwen2-7B int4 GPTQ", 4, 0.958, _QWEN2),
    _published("Qwen2-7B int4 AWQ", 4, 0.958, _QWEN2),
    _published("Qwen2-0.5B int8", 8, 0.948, _QWEN2),
    _published("Qwen2-0.5B int4 GPTQ", 4, 0.863, _QWEN2),
    _published("Qwen2-0.5B int4 AWQ", 4, 0.904, _QWEN2),
    ReferencePoint(
        name="int4 g128 round to nearest",
        weight_bits=4,
        lower=0.982,
        upper=1.002,
        source=_AUTOROUND,
    ),
    _published("int4 g128 AutoRound", 4, 0.995, _AUTOROUND),
    _published("int3 g128 AutoRound", 3, 0.974, _AUTOROUND),
    ReferencePoint(
        name="int2 g128 AutoRound", weight_bits=2, lower=0.73, upper=0.93, source=_AUTOROUND
    ),
    _published("Llama-3.1-8B NVFP4", 4, 0.940, _COMPRESSOR),
    _published("Llama-3-8B FP8", 8, 0.996, _VLLM),
    _published("Llama-3-8B int8 weights and activations", 8, 0.963, _VLLM),
    _published("Mistral-7B 6 bpw", 6, 1.01, _EXLLAMA),
    _published("Mistral-7B 5 bpw", 5, 1.0, _EXLLAMA),
    _published("Mistral-7B 4 bpw", 4, 0.93, _EXLLAMA),
    _published("Mistral-7B 3 bpw", 3, 0.87, _EXLLAMA),
    ReferencePoint(name="int8", weight_bits=8, lower=0.976, upper=1.0, source=_TRANSLATION),
)
