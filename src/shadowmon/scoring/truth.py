"""What a label that came later says about both models. Pure."""

from __future__ import annotations

from hashlib import blake2b

from shadowmon.records import Answer, Awaiting, Metric, MetricKind, MetricName, Observation, Worse


CORRECT = Metric(
    name=MetricName("correct"),
    kind=MetricKind.VERDICTS,
    worse=Worse.LOWER,
    sentence="The model's answer is the label that was told later.",
)


def digest(text: str) -> str:
    """
    Return what is kept of an answer or a label: enough to see whether two are the same; no text.

    Sixteen bytes of BLAKE2b (RFC 7693) of the text without white space around it, as hex.
    """
    return blake2b(text.strip().encode("utf-8", "replace"), digest_size=16).hexdigest()


def said(answer: Answer | None) -> str | None:
    """Return the digest of what a label is held against: an answer's own label, else its text."""
    if answer is None:
        return None
    told = answer.label if answer.label is not None else answer.text
    return None if told is None else digest(told)


def against_label(awaiting: Awaiting, label: str | None) -> Observation:
    """
    Hold both models' answers to the label.

    Args:
        awaiting: A pair whose baseline answered.
        label: The truth's digest; None if it had not come by the time the pair was mature.
    """
    if label is None:
        return Observation(metric=CORRECT.name, missing="unlabelled")
    if awaiting.optimized is None:
        return Observation(metric=CORRECT.name, missing="optimized_failed")
    return Observation(
        metric=CORRECT.name,
        baseline=awaiting.baseline == label,
        optimized=awaiting.optimized == label,
    )
