from __future__ import annotations

from shadowmon.assessors.judge_prompt import RUBRICS, Comparison, mark, messages
from shadowmon.policy.settings import Task
from shadowmon.records import Question


def user(question, first="one", second="other"):
    comparison = Comparison(question=question, first=first, second=second)
    return messages(comparison, rubric="R", fence="f", chars_max=1000)[1]["content"]


def test_mark_needs_the_secret():
    """The mark depends on the secret as well as on the comparison's name."""
    marks = {mark(secret, name) for secret in (b"1", b"2") for name in ("a", "b")}
    assert len(marks) == 4


def test_whole_conversation_is_the_question():
    """The judge sees the instructions and all that was put in, not the last words alone."""
    asked = user(Question(instructions="Be brief.", text="And then?", source="Tell me. And then?"))
    assert "Be brief.\n\nTell me. And then?" in asked


def test_unread_question_is_said_to_be_unknown():
    """Where the wire's requests are not read, the judge is told that the question is not known."""
    assert "[f] question begins\n(not known)\n[f] question ends" in user(Question())


def test_rubrics_are_for_tasks():
    """Every shipped rubric is for a task that there is."""
    assert set(RUBRICS) <= set(Task)
