"""What becomes of replayed requests: folded, counted by reason, and written, once each."""

from __future__ import annotations

from dataclasses import replace

from shadowmon.daemon.pairs_file import PairsFile
from shadowmon.daemon.recorded import Recorded
from shadowmon.daemon.recorded_line import LineWriter
from shadowmon.daemon.recording import Recording
from shadowmon.daemon.replay import Replay
from shadowmon.daemon.replay_requests import Asked
from shadowmon.errors import CodecError
from shadowmon.traffic.recordings.index import Slot


UNWRITABLE = "the pair cannot be written as JSON"


class Folding:
    """See `replay_traffic.Outlet`."""

    def __init__(
        self, replay: Replay, recording: Recording, writer: LineWriter, pairs: PairsFile | None
    ) -> None:
        """
        Take up what an earlier run left, if there is any.

        Args:
            replay: Folds the pairs.
            recording: Tells the place of what is not counted.
            writer: Writes pairs as lines.
            pairs: Where to; None if they are not kept.

        """
        self._replay = replay
        self._recording = recording
        self._writer = writer
        self._pairs = pairs
        self.resumed = 0
        """Pairs of an earlier run."""
        if pairs is not None:
            self._take_up(pairs)

    def _take_up(self, pairs: PairsFile) -> None:
        there = set()
        for number, line in enumerate(pairs.lines(), start=1):
            known = self._replay.take(line, file=str(pairs.path), number=number)
            if known is not None:
                there.add(known)
                self.resumed += 1
        spent = pairs.spent()
        for slot in self._recording.slots:
            name = self._name(slot)
            if name in there:
                pairs.know(slot.id)
            elif slot.id in spent:
                self._recording.refuse(spent[slot.id], slot)

    def _name(self, slot: Slot) -> str:
        return self._writer.name_of(slot.id)

    def is_done(self, slot: Slot) -> bool:
        """See `Outlet.is_done`."""
        return self._pairs is not None and self._pairs.is_done(slot.id)

    def pair(self, slot: Slot, recorded: Recorded, asked: Asked) -> None:
        """
        See `Outlet.pair`.

        Raises:
            RefusedError: If it cannot be written.

        """
        if self._pairs is not None:
            try:
                line = self._writer.line_of(replace(recorded, question=asked.shown))
            except CodecError:
                self.unpaired(slot, UNWRITABLE)
                return
            self._pairs.add(slot.id, line)
        self._replay.fold(recorded)

    def unfit(self, slot: Slot, problem: str) -> None:
        """See `Outlet.unfit`. Asked again by the next run, it would be found unfit again."""
        self._recording.refuse(problem, slot)

    def unpaired(self, slot: Slot, problem: str) -> None:
        """See `Outlet.unpaired`."""
        if self._pairs is not None:
            self._pairs.spend(slot.id, problem)
        self._recording.refuse(problem, slot)
