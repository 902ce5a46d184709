"""The drawing of the table says what the machine does, and nothing else."""

from __future__ import annotations

from shadowmon.records import Decision, Operation, Phase
from shadowmon.rollout.diagram import mermaid, rows, table
from shadowmon.rollout.transitions import ASKED, DECIDED, PAUSES


def test_every_row_is_drawn_and_leads_somewhere():
    """None is lost, `roll_back` of a person beside that of the evidence, and none is dead."""
    found = [(row.phase, type(row.trigger), row.trigger, row.move) for row in rows()]

    table = [*DECIDED.items(), *ASKED.items()]
    assert sorted(found, key=str) == sorted(
        ((phase, type(trigger), trigger, move) for (phase, trigger), move in table), key=str
    )
    assert all(row.leads_to for row in rows())


def test_a_row_leads_wherever_the_machine_goes():
    """A climb ends in all traffic on a short ladder; a step down may end in the shadow."""
    leads_to = {(row.phase, type(row.trigger), row.trigger): row.leads_to for row in rows()}

    climb = leads_to[Phase.SHADOWING, Decision, Decision.PROMOTE]
    assert climb == (Phase.PROGRESSING, Phase.PROMOTED)
    down = leads_to[Phase.PROGRESSING, Decision, Decision.STEP_DOWN]
    assert down == (Phase.SHADOWING, Phase.PROGRESSING)
    again = leads_to[Phase.ROLLED_BACK, Operation, Operation.RE_ARM]
    assert again == (Phase.BENCHMARK, Phase.SIDE_BY_SIDE, Phase.SHADOWING)


def test_an_arrow_names_all_that_follows_it():
    """Two phases are joined by one arrow, however many triggers lead from one to the other."""
    lines = mermaid().splitlines()

    assert lines[0] == "stateDiagram-v2"
    assert "    [*] --> shadowing" in lines
    assert "    promoted --> rolled_back : roll back, a person rolls back" in lines
    assert not any(line.startswith("    rolled_back --> promoted") for line in lines)
    arrows = [line.partition(" : ")[0] for line in lines]
    assert len(arrows) == len(set(arrows))


def test_the_table_has_a_line_for_each_row_and_each_pause():
    """Beside two lines of heading."""
    assert len(table().splitlines()) == 2 + len(DECIDED) + len(ASKED) + len(PAUSES)
