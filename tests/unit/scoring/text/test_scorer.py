from __future__ import annotations

import pytest

from shadowmon.records import Answer, Outcome, ToolCall
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.scoring.text.scorer import TextScorer
from shadowmon.testing.scorers import ScorerContract
from tests.answers import real_pairs
from tests.factories import a_pair, a_reply


LOOP = "and so on " * 30


def observe(baseline, optimized):
    pair = a_pair(
        *(a_reply(each) if isinstance(each, str) else each for each in (baseline, optimized))
    )
    return {each.metric: each for each in TextScorer(ScoringSettings()).score(pair)}


class TestTextScorer(ScorerContract):
    def make(self, settings):
        return TextScorer(settings)

    def pairs(self):
        texts = [*real_pairs()[:4], ("日本語", "中文"), ("", ""), ("", "x"), ("x", " "), ("?", "!")]
        return [a_pair(a_reply(one), a_reply(other)) for one, other in texts]


def test_all_metrics_of_a_real_pair():
    """A text is compared in every way that there is."""
    found = observe(*real_pairs()[0])
    assert found.keys() == {metric.name for metric in TextScorer.metrics}


def test_blanks_make_no_text_inexact():
    """Texts that are the same but for blanks are exact; others are not."""
    assert observe("one  two", "one two ")["inexact"].distance == 0.0
    assert observe("one two", "one three")["inexact"].distance == 1.0


def test_length_is_compared_in_words():
    """Half the words is half as long, whichever side is the longer one."""
    assert observe("one two three four", "five six")["length_divergence"].distance == 0.5
    assert observe("five six", "one two three four")["length_divergence"].distance == 0.5


def test_divergence_grows_with_the_distance_on_real_answers():
    """A smaller model is further away, on average, than the same model asked again."""
    for metric in ("rouge_1", "rouge_2", "rouge_l", "chrf", "bleu"):
        found = [observe(*pair).get(f"{metric}_divergence") for pair in real_pairs()]
        distances = [each.distance if each else 0.0 for each in found]
        assert sum(distances[:60]) + 2 < sum(distances[60:])


def test_rouge_needs_words_of_its_alphabet():
    """A Japanese answer has no word that ROUGE knows: that measure is left out, chrF stays."""
    found = observe("日本語です", "日本語だ")
    assert "rouge_l_divergence" not in found
    assert 0 < found["chrf_divergence"].distance < 1


def test_optimized_answer_without_words_is_an_empty_text():
    """A model that says nothing where the baseline speaks shares nothing with it."""
    calls = a_reply(answer=Answer(tool_calls=(ToolCall(name="f", arguments={}),)))
    found = observe("hello there", calls)
    for metric in ("inexact", "rouge_1", "rouge_2", "rouge_l", "chrf", "bleu", "length"):
        name = metric if metric == "inexact" else f"{metric}_divergence"
        assert found[name].distance == 1.0


def test_same_text_is_at_no_distance():
    """Every divergence that applies is 0 between two texts that are the same."""
    text = real_pairs()[0][0]
    found = observe(text, text)
    assert {each.distance for each in found.values()} == {None, 0.0}
    assert found.keys() == observe(text, "other").keys()


def test_single_word_has_no_pair_of_words():
    """ROUGE-2 applies only where the baseline has two words."""
    assert "rouge_2_divergence" not in observe("Yes.", "No.")
    assert "rouge_1_divergence" in observe("Yes.", "No.")


def test_wrong_number_is_seen():
    """One wrong figure is a small difference of words, and the whole difference of numbers."""
    found = observe("It was built in 1889, they say.", "It was built in 1989, they say.")
    assert found["number_divergence"].distance == 1.0
    assert found["rouge_1_divergence"].distance < 0.2


def test_opposite_is_seen():
    """One word that turns a sentence round is a small difference of words, and of meaning all."""
    found = observe("It is safe to eat them raw.", "It is not safe to eat them raw.")
    assert found["negation_divergence"].distance == 1.0
    assert found["chrf_divergence"].distance < 0.3


def test_other_language_is_seen():
    """An answer in another language is told by its little words."""
    found = observe(
        "The cat is on the roof and it is not in the house.",
        "Die Katze ist auf dem Dach und sie ist nicht in dem Haus.",
    )
    assert found["other_language"].distance == 1.0


def test_very_long_texts_are_the_same_as_they_stand():
    """Of texts beyond what is compared, it is not asked whether only blanks differ."""
    long = "word " * 30_000
    assert observe(long, long)["inexact"].distance == 0.0
    assert observe(long, long + " ")["inexact"].distance == 1.0
    assert observe(long, long + " ")["chrf_divergence"].distance == 0.0


def test_verdicts_are_about_each_model():
    """Refusal and repetition are asked of both answers."""
    found = observe("I'm sorry, but I can't help with that.", LOOP)
    assert (found["refusal"].baseline, found["refusal"].optimized) == (True, False)
    assert (found["repetition"].baseline, found["repetition"].optimized) == (False, True)


@pytest.mark.parametrize(
    "failed",
    [
        a_reply(outcome=Outcome.RESET, answer=None),
        a_reply(answer=Answer(text="half", incomplete=True)),
        a_reply(answer=Answer(text="x", error="overloaded")),
    ],
)
def test_failed_optimized_reply_is_missing(failed):
    """A reply that failed or was cut is missing in every metric, and in no metric a short text."""
    found = observe("hello", failed)
    assert {each.missing for each in found.values()} == {"optimized_failed"}
    assert found.keys() == observe("hello", "hello").keys()


@pytest.mark.parametrize(
    "baseline", [a_reply(None), a_reply(answer=Answer(text="half", incomplete=True))]
)
def test_nothing_without_a_baseline(baseline):
    """Where the baseline said nothing whole there is nothing to hold the other against."""
    assert observe(baseline, "hello") == {}
