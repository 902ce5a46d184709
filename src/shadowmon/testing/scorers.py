"""What every scorer promises."""
# ruff: noqa: S101 - these are tests; they are shipped so that plugins can run them

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from shadowmon.records import (
    Outcome,
    Pair,
    Reply,
    Scope,
)
from shadowmon.scoring.panel import complaint
from shadowmon.scoring.scorer import Scorer
from shadowmon.scoring.settings import ScoringSettings


class ScorerContract:
    """
    What `scoring.scorer.Scorer` promises.

    The pairs must be such that each metric is observed on at least one of them.
    """

    settings: ScoringSettings = ScoringSettings()
    """What the scorer is made with; name others where it does nothing by default."""

    def make(self, settings: ScoringSettings) -> Scorer:
        """Return a new scorer."""
        raise NotImplementedError

    def pairs(self) -> Sequence[Pair]:
        """Return pairs of good replies that the scorer has something to say about."""
        raise NotImplementedError

    def test_metrics_are_declared_once(self) -> None:
        """Each metric has a name of its own and a sentence for people."""
        metrics = self.make(self.settings).metrics
        assert metrics
        assert len({metric.name for metric in metrics}) == len(metrics)
        assert all(metric.name and metric.sentence for metric in metrics)

    def test_observations_are_well_formed(self) -> None:
        """Each observation is of a declared metric, and has one of the forms of its kind."""
        scorer = self.make(self.settings)
        for pair in self._all_pairs():
            assert complaint(scorer.metrics, scorer.score(pair)) == ""

    def test_every_metric_is_observed(self) -> None:
        """No metric is declared that is never observed."""
        scorer = self.make(self.settings)
        observed = {each.metric for pair in self.pairs() for each in scorer.score(pair)}
        assert observed == {metric.name for metric in scorer.metrics}

    def test_same_pair_is_scored_the_same(self) -> None:
        """A score depends on the pair alone: not on the scorer's past, and not on chance."""
        scorer = self.make(self.settings)
        first = [list(scorer.score(pair)) for pair in self._all_pairs()]
        again = [list(self.make(self.settings).score(pair)) for pair in self._all_pairs()]
        later = [list(scorer.score(pair)) for pair in reversed(self._all_pairs())]
        assert first == again == later[::-1]

    def test_model_against_itself(self) -> None:
        """A reply held against itself is at no distance, and its verdicts are equal."""
        scorer = self.make(self.settings)
        for pair in self.pairs():
            for each in scorer.score(replace(pair, optimized=pair.baseline)):
                assert each.distance in {None, 0.0}
                assert each.baseline == each.optimized

    def test_quality_of_a_failed_reply_is_not_read(self) -> None:
        """Of a reply that failed nothing is measured but how the model served."""
        scorer = self.make(self.settings)
        scopes = {metric.name: metric.scope for metric in scorer.metrics}
        for pair in self.pairs():
            for failed in _failures_of(pair):
                for each in scorer.score(failed):
                    assert each.missing or scopes[each.metric] is Scope.STAGE

    def test_failed_baseline_excuses_nothing_and_blames_nobody(self) -> None:
        """Without a baseline there is no quality to hold the other against: nothing is missing."""
        scorer = self.make(self.settings)
        scopes = {metric.name: metric.scope for metric in scorer.metrics}
        for pair in self.pairs():
            failed = replace(pair, baseline=_failed(pair.baseline, Outcome.ERROR))
            observed = {scopes[each.metric] for each in scorer.score(failed)}
            assert observed <= {Scope.STAGE}

    def _all_pairs(self) -> list[Pair]:
        return [each for pair in self.pairs() for each in (pair, *_failures_of(pair))]


def _failures_of(pair: Pair) -> list[Pair]:
    """Return the pair as it would be if the optimized model had failed, in each way."""
    return [
        replace(pair, optimized=_failed(pair.optimized, outcome))
        for outcome in Outcome
        if outcome is not Outcome.OK
    ]


def _failed(reply: Reply, outcome: Outcome) -> Reply:
    return replace(reply, outcome=outcome, answer=None)
