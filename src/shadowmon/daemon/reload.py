"""What of a new configuration cannot take effect without a restart, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shadowmon.config.settings import Settings
from shadowmon.errors import Complaint, ConfigError


_FIXED: dict[str, Callable[[Settings], Any]] = {
    "proxy.listen": lambda settings: settings.proxy.listen,
    "traffic.tap.listen": lambda settings: settings.traffic.tap.listen,
    "traffic.events.listen": lambda settings: settings.traffic.events.listen,
    "traffic.ext_proc.listen": lambda settings: settings.traffic.ext_proc.listen,
    "console.listen": lambda settings: settings.console.listen,
    "store.path": lambda settings: settings.store.path,
}


def refuse_what_cannot_change(old: Settings, new: Settings) -> None:
    """
    Do nothing if `new` can take effect while the daemon runs.

    Raises:
        ConfigError: Names every key that differs and is fixed while the daemon runs.

    """
    complaints = [
        Complaint(
            key=key,
            problem=f"cannot change while the daemon runs (it is {read(old)}, found {read(new)})",
            hint="restart the daemon to change it",
        )
        for key, read in _FIXED.items()
        if read(old) != read(new)
    ]
    if complaints:
        raise ConfigError(*complaints)
