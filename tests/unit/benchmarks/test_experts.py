from __future__ import annotations

import numpy as np
import pytest

from benchmarks.scoring.experts import (
    AGAINST_BEST,
    agreement,
    best_system,
    grounding_agreement,
    taus,
)
from benchmarks.scoring.real_texts import documents


def test_chrf_follows_experts():
    """The default divergence of summaries ranks systems, and summaries, much as experts do."""
    excerpt = documents(None)
    systems, summaries = agreement(excerpt, AGAINST_BEST["chrF"], best_system(excerpt), "relevance")
    assert systems > 0.4
    assert summaries > 0.15


def test_chrf_follows_experts_best_among_summaries():
    """No other overlap measure ranks the summaries of a document as well for relevance."""
    excerpt = documents(None)
    best = best_system(excerpt)
    found = {
        name: agreement(excerpt, AGAINST_BEST[name], best, "relevance")[1] for name in AGAINST_BEST
    }
    assert max(found, key=found.__getitem__) == "chrF"


def test_grounding_follows_consistency():
    """What of a summary stands in its source goes with the experts' marks for consistency."""
    assert grounding_agreement(documents(None), "consistency")[1] > 0.2


def test_taus_of_columns_and_of_rows():
    """One tau is of the columns' means, the other the mean of the rows' own."""
    marks = np.array([[1.0, 2.0, 3.0], [1.0, 3.0, 2.0]])
    measured = np.array([[1.0, 2.0, 4.0], [1.0, 2.0, 3.0]])
    assert taus(measured, marks) == pytest.approx((0.816496580927726, (1 + 1 / 3) / 2))
