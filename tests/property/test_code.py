from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shadowmon.records import Question
from shadowmon.scoring.code.program import code_in
from shadowmon.scoring.code.syntax import parses
from tests.humaneval import problems


SOME = [each for problem in problems() for each in (problem.question.text, problem.solution)]
PIECES = st.sampled_from(
    ["```", "```python\n", "~~~", "\n", "    ", "def f(x):\n", "class A:", '"""', "\\", "(", *SOME]
)
TEXTS = st.lists(PIECES | st.text(max_size=8), max_size=8).map("".join)


@given(TEXTS, TEXTS, st.sampled_from(["", "python", "rust"]))
def test_whatever_is_asked_and_answered(asked, answered, language):
    """Any two texts are read, and whatever code is found is in the texts and can be asked about."""
    code = code_in(Question(text=asked), answered, language)
    if code is not None:
        assert code.source.strip()
        assert code.source in {"".join(code.parts), code.parts[-1]}
        assert parses(code.language or language, code.source) in {True, False, None}
