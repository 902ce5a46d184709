"""
Where runs take place: one at a time in each place, as a user that nothing else runs as.

A limit on processes does nothing to root, and counts all processes of an ordinary user. So a
launcher that is root gives each place a user of its own.
"""

from __future__ import annotations

import contextlib
import os
import socket

from dataclasses import dataclass
from pathlib import Path

from shadowmon.assessors.sandbox.tiers import Plan, Tier


PROCESSES_MAX = 32
"""Of one run, threads included."""

_USERS = range(60_000, 61_000)
"""Nobody has them: Debian policy 9.2.2 keeps the range for users that are made on demand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a run may take place."""

    user: int | None = None
    """User and group that it becomes; None if it stays who we are."""
    processes_max: int = PROCESSES_MAX
    """The limit that leaves a run `PROCESSES_MAX` of its own."""
    claim: socket.socket | None = None
    """What keeps other launchers from the same user, for as long as it is open."""


def places_for(plan: Plan, count: int) -> list[Place]:
    """
    Return this many places.

    Raises:
        OSError: If all users are taken.

    """
    if os.geteuid() == 0:
        claimed = [_claim_user() for _ in range(count)]
        return [Place(user=user, claim=claim) for user, claim in claimed]
    # Within a user namespace only its own processes are counted (since Linux 5.14).
    others = 0 if plan.tier is Tier.NAMESPACES else _threads_of(os.getuid())
    return [Place(processes_max=PROCESSES_MAX * count + others)] * count


def _claim_user() -> tuple[int, socket.socket]:
    """
    Take a user that no other launcher of this machine has.

    The claim is an abstract name, which only one socket can have, and which ends with us.
    """
    for user in _USERS:
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0shadowmon-sandbox-user-{user}")
        except OSError:
            claim.close()
        else:
            return user, claim
    msg = f"all users from {_USERS[0]} to {_USERS[-1]} are taken by other launchers"
    raise OSError(msg)


def _threads_of(user: int) -> int:
    count = 0
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            with contextlib.suppress(OSError):
                if process.stat().st_uid == user:
                    count += len([*(process / "task").iterdir()])
    return count
