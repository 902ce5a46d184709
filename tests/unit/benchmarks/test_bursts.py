from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from benchmarks.decisions import bursts
from benchmarks.decisions.laws import flips
from benchmarks.decisions.stakes import METRIC, PAIRED
from shadowmon.evidence.clusters import Clusters
from tests.factories import NOON, a_pair


def test_a_session_counts_here_as_it_does_in_the_product():
    """Three sessions of four requests, collapsed by the product: the same mean losses."""
    law = flips(0.3)
    drawn = bursts.sessions(law, 4, 0.5, (1, 3), np.random.default_rng(5))
    minute = timedelta(minutes=1)
    clusters = Clusters(any_of=(), idle=minute, lasting=minute, length_max=4, open_max=10)
    for number, session in enumerate(drawn[0]):
        pair = a_pair(cluster=str(number))
        for loss in law.losses[session].tolist():
            clusters.add(pair, [PAIRED.observe(loss)], NOON)

    collapsed = clusters.close_all()

    means, numbers = bursts.session_means(drawn)
    losses = [
        (each.optimized or 0) - (each.baseline or 0)
        for session in collapsed
        for each in session.observations
        if each.metric == METRIC
    ]
    assert losses == pytest.approx(means.losses[numbers[0]].tolist())


def test_sessions_are_as_alike_as_they_are_asked_to_be():
    """All of them: every request has the outcome of the first; none: as the law draws."""
    law = flips(0.3)

    alike = bursts.sessions(law, 5, 1.0, (10, 10), np.random.default_rng(6))
    alone = bursts.sessions(law, 5, 0.0, (10, 10), np.random.default_rng(6))

    assert (alike == alike[..., :1]).all()
    assert not (alone == alone[..., :1]).all()
