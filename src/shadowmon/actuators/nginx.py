"""
nginx: a file with one `split_clients`, included by the `http` block, and a reload.

The same key meets the same model (MurmurHash2 of the key), and a rising share moves keys one way
only, for the optimized model's part is the beginning of the line.

Rule 1: the file is exchanged whole, tested (`nginx -t`) and only then loaded; if it does not pass,
        the former one is put back.
Rule 2: what is read back is the file, for as long as it is what we loaded: nginx tells nobody what
        it runs with.
"""

from __future__ import annotations

import contextlib
import os
import re

from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field

from shadowmon.actuators.actuator import NothingToOpen, Place
from shadowmon.actuators.exec import Argv
from shadowmon.actuators.program import run
from shadowmon.errors import ActuatorError
from shadowmon.records import ALL_TRAFFIC, NO_TRAFFIC, Weight


_FILE_MAX_BYTES = 65_536
_SPLIT = re.compile(r"^\s*split_clients\s[^{]*\{(?P<parts>[^}]*)\}\s*$", re.MULTILINE)
_PART = re.compile(r"^\s*(?P<share>\*|\d{1,3}(?:\.\d{1,2})?%)\s+(?P<name>[^\s;]+)\s*;\s*$")
_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:/-]+$")]


class NginxSettings(BaseModel):
    """Settings of `type: nginx`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: Path
    """Written by us, included by nginx: `include /etc/nginx/shadowmon.conf;` in the http block."""
    key: Annotated[str, Field(pattern=r'^[^"\\;{}\n]+$')] = "$request_id"
    """What must stay together, in nginx's own variables, such as $http_x_user_id."""
    variable: Annotated[str, Field(pattern=r"^\$[a-z0-9_]+$")] = "$shadowmon_model"
    """Names the chosen upstream: `proxy_pass http://$shadowmon_model;`."""
    baseline: _Name = "baseline"
    optimized: _Name = "optimized"
    test: Argv | None = ("nginx", "-t", "-q")
    reload: Argv = ("nginx", "-s", "reload")
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 10.0
    """Of each of the two programs."""


class NginxSplit(NothingToOpen):
    """An actuator that writes a split file and has it loaded."""

    Settings: ClassVar[type[BaseModel]] = NginxSettings

    def __init__(self, settings: NginxSettings) -> None:
        self._settings = settings
        self._loaded = b""

    @classmethod
    def of(cls, settings: NginxSettings, place: Place) -> Self:
        """See `Actuator.of`."""
        del place
        return cls(settings)

    async def set_weight(self, weight: Weight) -> None:
        """See `Actuator.set_weight`."""
        given = self._settings
        content = split_file(given, weight)
        former = self._read()
        self._loaded = b""
        try:
            write_whole(given.file, content)
            if given.test is not None:
                await self._run(given.test)
            await self._run(given.reload)
        except ActuatorError:
            # What nginx would not load must not stand there when it starts the next time.
            if former is not None:
                write_whole(given.file, former)
            raise
        self._loaded = content

    async def read_weight(self) -> Weight | None:
        """See `Actuator.read_weight`."""
        content = self._read()
        if content is None or not self._loaded:
            return None
        return weight_in(self._settings, content)

    async def _run(self, argv: Argv) -> None:
        ran = await run(argv, seconds=self._settings.timeout_seconds)
        if ran.code != 0:
            what = "does not pass the test" if argv is self._settings.test else "was not loaded"
            msg = f"{self._settings.file} {what}: {argv[0]} ended with {ran.code}: {ran.said}"
            raise ActuatorError(msg)

    def _read(self) -> bytes | None:
        """Return what stands in the file; None if there is none yet."""
        try:
            with self._settings.file.open("rb") as file:
                return file.read(_FILE_MAX_BYTES)
        except FileNotFoundError:
            return None
        except OSError as error:
            msg = f"{self._settings.file} cannot be read: {error.strerror}"
            raise ActuatorError(msg) from None


def split_file(settings: NginxSettings, weight: Weight) -> bytes:
    """Return the file for a weight; hundredths of a percent are as fine as nginx takes them."""
    parts = [f"    * {settings.optimized if weight == ALL_TRAFFIC else settings.baseline};"]
    if NO_TRAFFIC < weight < ALL_TRAFFIC:
        parts.insert(0, f"    {weight // 100}.{weight % 100:02}% {settings.optimized};")
    lines = [
        "# Written by shadowmon; whatever else is written here is overwritten.",
        f'split_clients "{settings.key}" {settings.variable} {{',
        *parts,
        "}",
        "",
    ]
    return "\n".join(lines).encode()


def weight_in(settings: NginxSettings, content: bytes) -> Weight:
    """
    Read the optimized model's share out of a split file.

    Raises:
        ActuatorError: If it is no split between the two models.

    """
    shares: dict[str, int] = {}
    split = _SPLIT.search(content.decode("utf-8", "replace"))
    for line in split["parts"].splitlines() if split else ():
        part = _PART.match(line)
        if part is None and line.strip():
            break
        if part is not None:
            rest = ALL_TRAFFIC - sum(shares.values())
            share = rest if part["share"] == "*" else round(float(part["share"][:-1]) * 100)
            shares[part["name"]] = shares.get(part["name"], 0) + share
    known = {settings.baseline, settings.optimized}
    whole = sum(shares.values()) == ALL_TRAFFIC and min(shares.values()) >= 0
    if not whole or shares.keys() - known:
        msg = f"{settings.file} is no split between {settings.baseline} and {settings.optimized}"
        raise ActuatorError(msg)
    return Weight(shares.get(settings.optimized, 0))


def write_whole(path: Path, content: bytes) -> None:
    """
    Exchange a file for another one: whoever reads it sees the one or the other, also after a crash.

    Raises:
        ActuatorError: If it cannot be written.

    """
    beside = path.with_name(f".{path.name}.new")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        msg = f"{path} cannot be written: {error.strerror}"
        raise ActuatorError(msg) from None
