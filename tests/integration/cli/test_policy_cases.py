"""`shadowmon test-policy`: cases that hold, cases that do not, and files that are none."""

from __future__ import annotations

import pytest

from shadowmon.cli.main import main


CONFIGURATION = """\
models:
  fp16: {url: "http://127.0.0.1:9001"}
  int8: {url: "http://127.0.0.1:9002"}
routes:
  chat: {baseline: fp16}
trials:
  int8:
    route: chat
    optimized: int8
    task: classification
    labels: {expected: all}
    policy: {feedback: {rise: 0.1}}
rollout:
  benchmark: require
  stages: [{percent: 10}, {percent: 100}]
proxy: {listen: "127.0.0.1:8080"}
"""

CASES = """\
config: shadowmon.yaml
cases:
  - name: a model as good as the baseline climbs, unless its users complain
    trial: int8
    steps:
      - expect: {phase: benchmark}
      - gate: {phase: benchmark, grade: accept}
        expect: {phase: shadowing, decision: hold, grade: wait, rule: quality}
      - pairs: 1000
        count: {correct: {both_yes: 880, baseline_only: 10, optimized_only: 10, both_no: 100}}
        wait_seconds: 600
        expect: {decision: promote, grade: accept, phase: progressing, weight_percent: 10}
      - pairs: 1000
        felt:
          baseline: {replies: 9000, complaints: 90}
          optimized: {replies: 1000, complaints: 40}
        wait_seconds: 600
        expect: {decision: promote, weight_percent: 10, blocked: complaints increased}

  - name: a much worse one is rolled back, and a person re-arms it
    steps:
      - gate: {phase: benchmark, grade: accept}
      - pairs: 300
        count:
          correct: {both_yes: 200, baseline_only: 80, both_no: 20}
        expect: {decision: roll_back, phase: rolled_back, weight_percent: 0}
      - operator: {operation: re_arm}
        expect: {phase: benchmark}

  - name: missing labels are counted against a climb
    steps:
      - operator: {operation: approve}
      - pairs: 1000
        count: {correct: {both_yes: 500, missing: 500}}
        wait_seconds: 600
        expect: {decision: hold, phase: shadowing, blocked: ""}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A configuration, and cases for it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shadowmon.yaml").write_text(CONFIGURATION)
    (tmp_path / "cases.yaml").write_text(CASES)
    return tmp_path


def write(folder, text):
    """Write other cases."""
    (folder / "cases.yaml").write_text(text)


@pytest.mark.usefixtures("folder")
def test_cases_that_hold(capsys):
    """Each case is named, and the exit code is 0."""
    assert main(["test-policy", "cases.yaml"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["ok"] * 3
    assert lines[3] == "cases.yaml: 3 cases, 0 failed"


def test_cases_that_do_not(folder, capsys):
    """Every difference is told with its step and the verdict's own words; the exit code is 1."""
    write(
        folder,
        CASES.replace(
            "grade: accept, phase: progressing, weight_percent: 10",
            "grade: wait, phase: progressing, weight_percent: 1",
        ),
    )

    assert main(["test-policy", "cases.yaml"]) == 1

    text = capsys.readouterr().out
    assert "FAILED  a model as good" in text
    assert "step 3: promote: quality: correct: 0.0 %" in text
    assert "grade\n            - wait\n            + accept" in text
    assert "weight_percent\n            - 1 %\n            + 10 %" in text
    assert "ok      a much worse one" in text


def test_another_configuration(folder):
    """The same cases under another limit; a tighter one is not proven."""
    tight = CONFIGURATION.replace("policy: {", "policy: {acceptable: 0.001, ")
    (folder / "tight.yaml").write_text(tight)

    assert main(["test-policy", "cases.yaml", "--config", "tight.yaml"]) == 1


@pytest.mark.parametrize(
    ("cases", "said"),
    [
        ("cases: [", "cases.yaml: is no YAML"),
        ("cases: []", "cases.yaml: cases: tuple should have at least 1 item"),
        ("x: 1", "cases.yaml: cases: field required"),
        ("cases: [{name: a, steps: [{wait: 1}]}]", "cases.0.steps.0.wait: extra inputs"),
        ("cases: [{name: a, steps: [{}]}]", "names no `config`"),
        ("config: no.yaml\ncases: [{name: a, steps: [{}]}]", "no.yaml: the file: cannot be read"),
        (
            "config: shadowmon.yaml\ncases: [{name: a, trial: int4, steps: [{}]}]",
            'no trial is called "int4"',
        ),
        (
            "config: shadowmon.yaml\ncases: [{name: a, steps: [{count: {bleu: {x: 1}}}]}]",
            "a: step 1: no metric is called bleu; this trial has: ",
        ),
        (
            "config: shadowmon.yaml\ncases: [{name: a, steps: [{count: {correct: {right: 1}}}]}]",
            'step 1: correct is verdicts: "right" cannot be counted; give both_no',
        ),
        (
            "config: shadowmon.yaml\ncases: [{name: a, steps: [{operator: {operation: re_arm}}]}]",
            "step 1: trial int8 is benchmark: only a trial that was rolled back",
        ),
    ],
)
def test_what_cannot_be_used(cases, said, folder, capsys):
    """The file, the case and the step are named; the exit code is 2."""
    write(folder, cases)

    assert main(["test-policy", "cases.yaml"]) == 2
    assert said in capsys.readouterr().err


def test_divergences(folder):
    """A distance counts as it is."""
    unlabelled = CONFIGURATION.replace("    labels: {expected: all}\n", "")
    (folder / "shadowmon.yaml").write_text(unlabelled.replace("classification", "chat"))
    steps = """
      - gate: {phase: benchmark, grade: accept}
      - pairs: 900
        count: {chrf_divergence: {0: 890, 0.25: 10}}
        wait_seconds: 600
        expect: {decision: promote, weight_percent: 10}
"""
    write(folder, f"config: shadowmon.yaml\ncases:\n  - name: a\n    steps:{steps}")

    assert main(["test-policy", "cases.yaml"]) == 0
