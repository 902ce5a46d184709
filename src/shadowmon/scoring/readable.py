"""
What of a reply may be read for its quality.

One rule for every scorer: a reply that failed, an answer that reports an error and an answer that
was cut off have no quality. They are availability events, and `service.ServiceScorer` counts them.

Whether a metric applies to a pair is asked of the baseline's answer alone: if the optimized model
had a say in it, it could escape a comparison by answering badly.
"""

from __future__ import annotations

from shadowmon.records import Answer, MetricName, Observation, Outcome, Reply


def readable(reply: Reply) -> Answer | None:
    """Return the answer if it is whole and says something about the model's quality, else None."""
    answer = reply.answer
    if reply.outcome is not Outcome.OK or answer is None:
        return None
    return None if answer.incomplete or answer.error is not None else answer


def spoken(answer: Answer) -> str | None:
    """
    Return what the answer says in words: its text, else its refusal; None if it has neither.

    Blank text beside tool calls is no answer in words: the calls are the answer.
    """
    text = answer.text if answer.text is not None else answer.refusal
    return None if text is not None and not text.strip() and answer.tool_calls else text


def unread(metric: MetricName, reply: Reply) -> Observation:
    """Return the observation of a metric that applies, when the optimized reply is not readable."""
    shed = reply.outcome is Outcome.SHED
    return Observation(metric=metric, missing="optimized_shed" if shed else "optimized_failed")
