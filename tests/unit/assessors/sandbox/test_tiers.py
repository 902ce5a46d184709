from __future__ import annotations

import os
import shutil

import pytest

from shadowmon.assessors.sandbox import landlock, tiers
from shadowmon.assessors.sandbox.tiers import Plan, Tier


@pytest.fixture(name="machine")
def _machine(monkeypatch):
    """`machine(bwrap=…, version=…, user=…)`: what the machine is said to have."""

    def machine(*, bwrap="/usr/bin/bwrap", version=7, user=1000, pythons_are_open=True):
        monkeypatch.setattr(shutil, "which", lambda _: bwrap)
        monkeypatch.setattr(landlock, "version", lambda: version)
        monkeypatch.setattr(os, "geteuid", lambda: user)
        monkeypatch.setattr(tiers, "_is_open_to_all", lambda _: pythons_are_open)

    return machine


def tiers_of(plans):
    return list(dict.fromkeys(plan.tier for plan in plans))


def test_namespaces_first(machine):
    """Namespaces are tried first, Landlock alone after them, and only by leave."""
    machine()
    allowed, _ = tiers.plans(allow_landlock=True)
    assert tiers_of(allowed) == [Tier.NAMESPACES, Tier.LANDLOCK]
    default, refusals = tiers.plans(allow_landlock=False)
    assert tiers_of(default) == [Tier.NAMESPACES]
    assert refusals == ["landlock: not allowed (assessors.sandbox.allow_landlock)"]


def test_nothing_at_all(machine):
    """Where there is neither, each tier says what it lacks."""
    machine(bwrap=None, version=0)
    assert tiers.plans(allow_landlock=True) == (
        [],
        [
            "namespaces: no bwrap on PATH (install bubblewrap)",
            "landlock: the kernel has none",
        ],
    )


def test_python_in_a_home(machine):
    """Root's runs become other users: a Python that only root may run is of no use to them."""
    machine(user=0, pythons_are_open=False)
    plans, refusals = tiers.plans(allow_landlock=True)
    assert not plans
    assert refusals == ["no Python here that every user may run, as the programs' own users must"]


def test_landlock_without_scopes_is_for_root_alone(machine):
    """Before version 6 a program could signal its user's processes: root gives it its own user."""
    machine(bwrap=None, version=5, user=1000)
    plans, refusals = tiers.plans(allow_landlock=True)
    assert not plans
    assert refusals[1] == (
        "landlock: version 5 lets a program signal this user's processes; needed is 6, or root,"
        " which gives each program a user of its own"
    )
    machine(bwrap=None, version=5, user=0)
    plans, _ = tiers.plans(allow_landlock=True)
    assert tiers_of(plans) == [Tier.LANDLOCK]


def test_nothing_is_writable_without_namespaces():
    """On the machine's own file system no folder is left to a program; there is only /dev/null."""
    plan = Plan(tier=Tier.LANDLOCK, interpreter="/opt/python/bin/python3", folders=("/opt/python",))
    assert tiers.writable_folders(plan) == ("/dev/null",)
    assert "/opt/python" in tiers.readable_folders(plan)
    assert not {"/", "/etc", "/proc", "/tmp", "/dev"} & set(tiers.readable_folders(plan))


def test_what_is_memory_is_bounded():
    """Each file system that a program may write in has a size, and the others are read-only."""
    plan = Plan(tier=Tier.NAMESPACES, interpreter="/usr/bin/python3", bwrap="/usr/bin/bwrap")
    arguments = tiers.namespace_arguments(plan, seccomp=5, info=6)
    for place, argument in enumerate(arguments):
        if argument == "--tmpfs":
            assert arguments[place - 2] == "--size"
    read_only = [arguments[at + 1] for at, each in enumerate(arguments) if each == "--remount-ro"]
    assert read_only == ["/dev", "/"]
