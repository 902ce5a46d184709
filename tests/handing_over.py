"""Whether an exchange gets over to a scoring worker."""

from __future__ import annotations

from shadowmon.ipc import handover
from shadowmon.records import Exchange


def handed_over(parcel: handover.Parcel) -> Exchange:
    """Return what comes out at the other end of the hand-over's socket."""
    to_write, to_read = handover.socket_pair()
    with to_write, to_read:
        handover.send(to_write, [parcel])
        (arrived,) = handover.receive(to_read)
    return arrived
