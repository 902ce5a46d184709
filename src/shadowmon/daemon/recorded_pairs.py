"""A file of recorded pairs, read whole: what people compare, and a judge beside them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from shadowmon import plugins
from shadowmon.config.settings import Settings
from shadowmon.daemon.recorded import LineError, Reader, Recorded
from shadowmon.errors import RefusedError
from shadowmon.records import ExchangeId, ModelName, TrialId


def recorded_pairs(
    settings: Settings, trial_id: TrialId, path: Path, *, key: str = "review.pairs"
) -> Mapping[ExchangeId, Recorded]:
    """
    Return a file's pairs by their ids; of two lines with one id the later one.

    Args:
        settings: The configuration; the trial's route names the codec.
        trial_id: Whose pairs they are.
        path: JSON lines, as daemon/recorded.py has them.
        key: Where the file was named, for people.

    Raises:
        RefusedError: If it cannot be read, or a line is no pair.

    """
    trial = settings.trials[trial_id]
    route = settings.routes[trial.route]
    codec = plugins.load("codecs", route.codec, key=f"routes.{trial.route}.codec")
    reader = Reader(
        codec=codec(route.codec_settings),
        baseline=ModelName(route.baseline),
        optimized=ModelName(trial.optimized),
    )
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        msg = f"{key}: {path} cannot be read: {error.strerror}"
        raise RefusedError(msg) from error
    pairs: dict[ExchangeId, Recorded] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            pair = reader.read(line)
        except LineError as error:
            msg = f"{key}: {path}, line {number}: {error}"
            raise RefusedError(msg) from error
        pairs[pair.id] = pair
    return pairs
