"""Which model is asked, and where."""

from __future__ import annotations

import dataclasses
import urllib.parse

from ...errors import UsageError


@dataclasses.dataclass(frozen=True)
class TLS:
    """Files for an encrypted connection, each in PEM format.

    Attributes:
        root_certificates: Who may vouch for the server; without it, whom this machine trusts.
        certificate: Who the client is, for servers that ask (`client_verify`).
        key: The private key of `certificate`.
    """

    root_certificates: str | None = None
    certificate: str | None = None
    key: str | None = None


@dataclasses.dataclass(frozen=True)
class Target:
    """One model of one server.

    Attributes:
        address: As the user wrote it; for messages.
        authority: `HOST:PORT`, or `HOST` of a URL.
        path: What the server's paths start with, such as `/serving`; mostly empty.
        tls: How to encrypt, or None.
        model: Name of the model.
        version: The version, or None for the server's choice, mostly the latest.
        label: The version's label, or None.
    """

    address: str
    authority: str
    path: str
    tls: TLS | None
    model: str
    version: int | None
    label: str | None


def parse_target(
    address: str, *, tls: TLS | None, model: str, version: int | None, label: str | None
) -> Target:
    """Takes an address apart.

    Args:
        address: `HOST:PORT`, or a URL; `https://` encrypts as `tls=TLS()` does.
        tls: How to encrypt, or None.
        model: Name of the model.
        version: Number of a version, or None.
        label: Label of a version, or None.

    Raises:
        UsageError: The address is none, or both a version and a label are given.
    """
    named = "://" in address
    try:
        url = urllib.parse.urlsplit(address if named else f"http://{address}")
        known = url.scheme in ("http", "https") and bool(url.hostname)
        if not known or (url.port is None and not named) or url.query or url.fragment:
            raise ValueError
    except ValueError:
        raise UsageError(
            f"{address!r} is no address of a server; write HOST:PORT, such as localhost:8501, "
            "or a URL that starts with http:// or https://"
        ) from None
    if version is not None and label is not None:
        raise UsageError("give the version of the model or its label, not both")
    if url.scheme == "https":
        tls = tls or TLS()
    return Target(address, url.netloc, url.path.rstrip("/"), tls, model, version, label)
