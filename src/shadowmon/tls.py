"""TLS with model servers: the same for the proxy's own connections and for the mirror's."""

from __future__ import annotations

import ssl

from pathlib import Path


def client_context(
    *, ca: str | Path | None, certificate: str | Path | None, key: str | Path | None
) -> ssl.SSLContext:
    """
    Return what TLS with a model server is made with.

    Args:
        ca: A file of the authorities that are believed; None: those of the system.
        certificate: A file, shown to a server that asks for one.
        key: Its key.

    Raises:
        OSError: If a file cannot be read, or is not what it must be (`ssl.SSLError` is one).

    """
    context = ssl.create_default_context(cafile=ca)
    context.set_alpn_protocols(["http/1.1"])
    if certificate is not None:
        context.load_cert_chain(certificate, key, password=lambda: "")
    return context
