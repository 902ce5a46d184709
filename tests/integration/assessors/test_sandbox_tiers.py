"""
The self-test as a command: by root and by an ordinary user, with and without user namespaces.

What must come of it is asked of the machine first; nothing is skipped where namespaces are not to
be had, for then the refusal is what is promised.
"""

from __future__ import annotations

import os

import pytest

from shadowmon.assessors.sandbox import landlock
from shadowmon.assessors.sandbox.attacks import attacks
from shadowmon.assessors.sandbox.tiers import Tier
from tests.integration.assessors.sandboxes import NOBODY, namespaces_work, self_test


ORDINARY = NOBODY if os.geteuid() == 0 else None
"""Who is an ordinary user here: another one than root, or we ourselves."""

CONTAINED = f"  {len(attacks())} programs, 0 not as they must be"


def test_more_than_thirty_attacks():
    """The list is as long as it is said to be, and each attack has a name of its own."""
    names = [attack.name for attack in attacks()]
    assert len(set(names)) == len(names) >= 33


def test_ordinary_user():
    """Namespaces contain every attack by an ordinary user; where there are none, it says so."""
    ran = self_test(user=ORDINARY)
    if namespaces_work(ORDINARY):
        assert CONTAINED in ran.stdout
        assert ran.returncode == 0
    else:
        assert CONTAINED not in ran.stdout
        assert ran.returncode == 1


@pytest.mark.parametrize("user", [None, ORDINARY], ids=["ourselves", "ordinary"])
def test_namespaces_are_forbidden(user):
    """Where namespaces are forbidden and Landlock is allowed, it contains every attack."""
    ran = self_test("--allow-landlock", user=user, namespaces=False)
    scoped = landlock.version() >= landlock.SCOPES_SINCE
    if scoped or (landlock.version() and user is None and os.geteuid() == 0):
        assert f"{Tier.LANDLOCK}, " in ran.stdout
        assert CONTAINED in ran.stdout
        assert ran.returncode == 0
    else:
        assert "landlock: " in ran.stdout
        assert ran.returncode == 1


def test_namespaces_are_forbidden_and_landlock_is_not_allowed():
    """Then nothing holds, and nothing was run."""
    ran = self_test(namespaces=False)
    assert "landlock: not allowed" in ran.stdout
    assert CONTAINED not in ran.stdout
    assert "passed" not in ran.stdout
    assert ran.returncode == 1
