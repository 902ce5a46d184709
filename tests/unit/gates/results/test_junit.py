"""JUnit's XML, as many tools write it."""

from __future__ import annotations


def test_junit(write, figures_of):
    """A case passed unless it failed or erred; a skipped one has no figure."""
    path = write(
        "r.xml",
        '<?xml version="1.0"?><testsuites><testsuite name="s">'
        '<testcase classname="m" name="a"/>'
        '<testcase classname="m" name="a"><failure message="x"/></testcase>'
        '<testcase classname="m" name="b"><error/></testcase>'
        '<testcase classname="m" name="c"><skipped/></testcase></testsuite></testsuites>',
    )

    (figures,) = figures_of(path).values()

    assert figures.by_question == {"m::a": 1.0, "m::a #2": 0.0, "m::b": 0.0, "m::c": None}


def test_junit_of_other_writers(write, figures_of):
    """No classname, suites in suites, a suite as root, not run, skipped and failed at its end."""
    path = write(
        "r.xml",
        '<testsuite name="s"><testsuite name="t"><testcase name="a &amp; b" time="0"/></testsuite>'
        '<testcase name="c" classname="k" status="notrun" result="suppressed"/>'
        '<testcase name="d" classname="k" status="run" result="completed"/>'
        '<testcase name="e" classname="k"><skipped/><error message="at teardown"/></testcase>'
        '<testcase name="f" classname="k"><rerunFailure/><flakyFailure/></testcase>'
        "<system-out><![CDATA[<testcase/>]]></system-out></testsuite>",
    )

    (figures,) = figures_of(path).values()

    assert figures.by_question == {
        "::a & b": 1.0,
        "k::c": None,
        "k::d": 1.0,
        "k::e": 0.0,
        "k::f": 1.0,
    }
