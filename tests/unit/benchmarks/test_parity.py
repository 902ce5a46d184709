from __future__ import annotations

from benchmarks.scoring.parity import TOLERANCE, differences
from benchmarks.scoring.real_texts import all_pairs


def test_measures_equal_their_packages_on_real_texts():
    """On all real texts that are shipped, ROUGE, chrF and BLEU are those of their packages."""
    found = differences(all_pairs(None))
    assert found.keys() == {"ROUGE-1", "ROUGE-2", "ROUGE-L", "chrF", "BLEU"}
    assert max(found.values()) < TOLERANCE
    assert max(found[measure] for measure in ("ROUGE-1", "ROUGE-2", "ROUGE-L")) == 0.0
