"""Certificates that cannot be used are told before a data plane is started on them."""

from __future__ import annotations

import pytest
import trustme

from shadowmon.config.settings import Settings
from shadowmon.daemon.certificates import refuse_what_cannot_be_used
from shadowmon.errors import ConfigError


def the_settings(folder, **model_tls):
    """Return settings with a certificate of our own and one model behind https."""
    tls = {"certificate": folder / "own.pem", "key": folder / "own.key"}
    model = {"url": "https://a", "tls": model_tls}
    return Settings.model_validate({"models": {"a": model}, "routes": {}, "proxy": {"tls": tls}})


def write(folder, name="own", *, key_of=None):
    """Write a certificate, with its own key or another's."""
    leaf = trustme.CA().issue_cert("localhost")
    leaf.cert_chain_pems[0].write_to_path(folder / f"{name}.pem")
    (key_of or leaf).private_key_pem.write_to_path(folder / f"{name}.key")
    return leaf


def test_what_can_be_used_is_let_pass(tmp_path):
    """Our own certificate, and what a model server is known by."""
    write(tmp_path)
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")

    refuse_what_cannot_be_used(the_settings(tmp_path, ca=tmp_path / "ca.pem"))


def test_all_that_is_missing_is_named(tmp_path):
    """Each by its key, in one go."""
    with pytest.raises(ConfigError) as caught:
        refuse_what_cannot_be_used(the_settings(tmp_path, ca=tmp_path / "ca.pem"))

    assert [complaint.key for complaint in caught.value.complaints] == [
        "proxy.tls",
        "models.a.tls",
    ]
    assert "cannot be used: No such file or directory" in str(caught.value)


def test_anothers_key_is_refused(tmp_path):
    """A certificate with a key that is not its own."""
    write(tmp_path, key_of=trustme.CA().issue_cert("other"))

    with pytest.raises(ConfigError, match=r"proxy.tls: cannot be used: .*MISMATCH"):
        refuse_what_cannot_be_used(the_settings(tmp_path))


def test_a_file_of_something_else_is_refused(tmp_path):
    """Text that is no PEM."""
    write(tmp_path)
    (tmp_path / "own.pem").write_text("nonsense")

    with pytest.raises(ConfigError, match=r"proxy.tls: cannot be used"):
        refuse_what_cannot_be_used(the_settings(tmp_path))
