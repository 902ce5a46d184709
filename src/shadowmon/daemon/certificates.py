"""Can the certificates be used? Asked before a data plane is started on them."""

from __future__ import annotations

from collections.abc import Iterator

from shadowmon.config.keys import written
from shadowmon.config.settings import Settings
from shadowmon.daemon.proxy_plan import tls_of
from shadowmon.errors import Complaint, ConfigError
from shadowmon.proxy.door import server_context
from shadowmon.proxy.plan import SYSTEMS_TLS, planned_tls
from shadowmon.tls import client_context


def refuse_what_cannot_be_used(settings: Settings) -> None:
    """
    Read every certificate and key once.

    Raises:
        ConfigError: Names every one that is not there, or is not what it must be.

    """
    if complaints := tuple(_complaints(settings)):
        raise ConfigError(*complaints)


def _complaints(settings: Settings) -> Iterator[Complaint]:
    own = planned_tls(settings.proxy.tls)
    if own is not None:
        try:
            server_context(own)
        except OSError as error:
            yield _complaint("proxy.tls", error)
    for name, model in settings.models.items():
        tls = tls_of(model)
        if tls == SYSTEMS_TLS:
            continue
        try:
            client_context(ca=tls.ca, certificate=tls.certificate, key=tls.key)
        except OSError as error:
            yield _complaint(written(("models", name, "tls")), error)


def _complaint(key: str, error: OSError) -> Complaint:
    why = error.strerror or str(error)
    return Complaint(
        key=key,
        problem=f"cannot be used: {why}",
        hint="it takes PEM files, and a key that has no password and is the certificate's own",
    )
