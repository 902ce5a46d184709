"""
How far apart two models are token by token, where the wire carried what they thought.

Two models can be compared at a place only if both have said the same before it. So what is read is
the beginning that the two answers have in common, and the first place at which they part. After
that they answer different questions.

The wire carries the likeliest few tokens of each place. What is not named is put into one bucket,
and the divergence of the buckets is never more than that of the whole distributions (the data
processing inequality; T. Cover, J. Thomas, "Elements of Information Theory", 2nd ed., section 2.8):
`token_kl` is a lower bound. Both models must have the same tokenizer, or the answers part at once.
"""

from __future__ import annotations

import math

from collections.abc import Iterator, Mapping, Sequence

from shadowmon.records import Answer, Metric, MetricKind, MetricName, Observation, Pair, Token
from shadowmon.scoring.readable import readable, unread
from shadowmon.scoring.settings import ScoringSettings


TOKEN_KL = MetricName("token_kl")
TOP_TOKEN_DISAGREEMENT = MetricName("top_token_disagreement")

_REST_MIN = 1e-9
"""Of the bucket's probability: what is sent is rounded, and may sum to more than 1."""
_WITHOUT = "optimized_without_probabilities"


class TokensScorer:
    """Compares the tokens that two models chose, and the others that they thought of."""

    metrics: tuple[Metric, ...] = (
        Metric(
            name=TOKEN_KL,
            kind=MetricKind.DIVERGENCE,
            sentence="How far the optimized model's probabilities of the next token are from the"
            " baseline's (1 - exp(-KL), the mean over the tokens up to where the texts part).",
        ),
        Metric(
            name=TOP_TOKEN_DISAGREEMENT,
            kind=MetricKind.DIVERGENCE,
            sentence="How often the two models think another token the likeliest, up to where the"
            " texts part.",
        ),
    )

    def __init__(self, settings: ScoringSettings) -> None:
        """See `Scorer`; nothing is configurable here."""

    def score(self, pair: Pair) -> Sequence[Observation]:
        """See `Scorer.score`."""
        baseline = readable(pair.baseline)
        if baseline is None or not baseline.tokens or not _thought(baseline.tokens[0]):
            return ()
        optimized = readable(pair.optimized)
        if optimized is None:
            return [unread(metric.name, pair.optimized) for metric in self.metrics]
        places = list(_comparable(baseline, optimized))
        if not places:
            return [Observation(metric=metric.name, missing=_WITHOUT) for metric in self.metrics]
        mean = math.fsum(divergence(ours, theirs) for ours, theirs in places) / len(places)
        apart = sum(_likeliest(ours) != _likeliest(theirs) for ours, theirs in places)
        return [
            Observation(metric=TOKEN_KL, distance=-math.expm1(-mean)),
            Observation(metric=TOP_TOKEN_DISAGREEMENT, distance=apart / len(places)),
        ]


def divergence(ours: Mapping[str, float], theirs: Mapping[str, float]) -> float:
    """
    Return a lower bound of the Kullback-Leibler divergence of two distributions, in nats, ≥ 0.

    Args:
        ours: Log probabilities of the tokens that are named.
        theirs: The same of the other model. A token that only one of them names goes into the rest.
    """
    terms, ours_named, theirs_named = [], [], []
    for token in ours.keys() & theirs.keys():
        probability = math.exp(ours[token])
        terms.append(probability * (ours[token] - theirs[token]))
        ours_named.append(probability)
        theirs_named.append(math.exp(theirs[token]))
    ours_rest = max(_REST_MIN, 1 - math.fsum(ours_named))
    theirs_rest = max(_REST_MIN, 1 - math.fsum(theirs_named))
    terms.append(ours_rest * math.log(ours_rest / theirs_rest))
    return max(0.0, math.fsum(terms))


def _comparable(
    baseline: Answer, optimized: Answer
) -> Iterator[tuple[Mapping[str, float], Mapping[str, float]]]:
    """Yield what both thought at each place before which both have said the same."""
    for ours, theirs in zip(baseline.tokens, optimized.tokens, strict=False):
        one, other = _thought(ours), _thought(theirs)
        if one and other:
            yield one, other
        if ours.text != theirs.text:
            return


def _thought(token: Token) -> dict[str, float]:
    """Return the log probabilities at a place, sound ones only; nothing without alternatives."""
    if not token.alternatives:
        return {}
    named = {**token.alternatives, token.text: token.log_probability}
    return {text: min(0.0, value) for text, value in named.items() if math.isfinite(value)}


def _likeliest(thought: Mapping[str, float]) -> str:
    """Return the likeliest token; among equals the one that sorts first."""
    return min(thought, key=lambda text: (-thought[text], text))
