"""
What a label that came later says about both models. Pure.

Of answers and labels only digests are kept while they wait for each other, and digests can only be
the same or not. So whatever may differ for no reason is taken out before, in the way of the task:
the `Truth` says how.
"""

from __future__ import annotations

import enum

from collections.abc import Callable, Collection, Mapping
from hashlib import blake2b

from shadowmon.records import Answer, Awaiting, Metric, MetricKind, MetricName, Observation, Worse
from shadowmon.scoring.mathematics.equality import canonical
from shadowmon.scoring.structure.documents import document, parsed
from shadowmon.scoring.structure.written_alike import written_alike


CORRECT = Metric(
    name=MetricName("correct"),
    kind=MetricKind.VERDICTS,
    worse=Worse.LOWER,
    sentence="The model's answer is the label that was told later.",
)


class Truth(enum.StrEnum):
    """What of an answer is held against its label."""

    WORD = "word"
    """The answer's own label, else its text: the same but for white space around it."""
    NUMBER = "number"
    """The final answer in the same: equal as a number, or the same formula."""
    FIELDS = "fields"
    """The JSON in it: the same leaves, but for how a person may write their values."""


BY_TASK: Mapping[str, Truth] = {"math": Truth.NUMBER, "extraction": Truth.FIELDS}
"""Where the configuration names none; of every other task it is `WORD`."""


def digest(text: str, truth: Truth = Truth.WORD) -> str:
    """
    Return what is kept of an answer or a label: enough to see whether two are the same; no text.

    Sixteen bytes of BLAKE2b (RFC 7693) of the text's form, as hex.
    """
    return _hashed(_FORMS[truth](text))


def digests(label: str, truths: Collection[Truth]) -> str:
    """Return a label's digests of several kinds, in one string, for `digest_in`."""
    return " ".join(f"{truth}:{digest(label, truth)}" for truth in sorted(truths))


def digest_in(kept: str, truth: Truth) -> str | None:
    """Return the digest of one kind; None if this label was kept when no trial asked for it."""
    if ":" not in kept:  # from a store of the first version, which had but one kind
        return kept if truth is Truth.WORD else None
    return dict(part.split(":", 1) for part in kept.split(" ")).get(truth.value)


def said(answer: Answer | None, truth: Truth = Truth.WORD) -> str | None:
    """Return the digest of what a label is held against; None if the answer says no such thing."""
    if answer is None:
        return None
    if truth is Truth.FIELDS:
        found = document(answer)
        return None if found is None else _hashed(written_alike(found))
    text = answer.label if answer.label is not None else answer.text
    return None if text is None else digest(text, truth)


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


def _fields_form(text: str) -> str:
    found = parsed(text)
    return text.strip() if found is None else written_alike(found)


_FORMS: Mapping[Truth, Callable[[str], str]] = {
    Truth.WORD: str.strip,
    Truth.NUMBER: canonical,
    Truth.FIELDS: _fields_form,
}


def _hashed(form: str) -> str:
    return blake2b(form.encode("utf-8", "replace"), digest_size=16).hexdigest()
