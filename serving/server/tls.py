"""The certificate of a gRPC server, looked at before it is used.

gRPC itself takes any text for a key or a certificate, and then says no more than that it cannot
listen.
"""

from __future__ import annotations

import contextlib
import os
import ssl
import tempfile
from collections.abc import Iterator

import grpc

from ..config_protos import SSLConfig
from ..status import ServingError, invalid
from .text_files import parse_text_file


def server_credentials(file: str) -> grpc.ServerCredentials | None:
    """What a server proves with who it is, and whether its clients have to.

    Args:
        file: Text file with an `SSLConfig`; empty for no encryption.

    Returns:
        The credentials, or None for no encryption.

    Raises:
        ServingError: The file cannot be read; one of its fields is missing or does not hold
            what it is for; or the key is not that of the certificate (INVALID_ARGUMENT).

    Example:
        >>> server.add_secure_port("127.0.0.1:8500", server_credentials("ssl.config"))
    """
    if not file:
        return None
    config = parse_text_file(file, SSLConfig)
    try:
        _check_certificates("server_cert", config.server_cert)
        _check_key(config.server_key, config.server_cert)
        if config.custom_ca:
            _check_certificates("custom_ca", config.custom_ca)
        elif config.client_verify:
            raise invalid(
                "client_verify needs custom_ca, the PEM certificate of who signs those of clients"
            )
    except ServingError as error:
        raise ServingError(error.code, f"{file}: {error.message}") from None
    return grpc.ssl_server_credentials(
        [(config.server_key.encode(), config.server_cert.encode())],
        root_certificates=config.custom_ca.encode() or None,
        require_client_auth=config.client_verify,
    )


def _check_certificates(field: str, pem: str) -> None:
    if not pem.strip():
        raise invalid(f"{field} is empty; it takes a certificate in PEM")
    try:
        _context().load_verify_locations(cadata=pem)
    except (ssl.SSLError, TypeError):
        raise invalid(
            f"{field} is no certificate in PEM; it takes the text itself, not a path"
        ) from None


def _check_key(key: str, certificate: str) -> None:
    """Makes sure that this is the key of the certificate, which has been found to be one."""
    if not key.strip():
        raise invalid("server_key is empty; it takes a private key in PEM")
    with _as_file(certificate) as certificate_file, _as_file(key) as key_file:
        try:
            # Nobody is there to be asked for a password.
            _context().load_cert_chain(certificate_file, key_file, password="")
        except ssl.SSLError as error:
            # The second when the two are not even of the same type.
            if error.reason in ("KEY_VALUES_MISMATCH", "NO_CERTIFICATE_ASSIGNED"):
                raise invalid("server_key is not the key of the first of server_cert") from None
            raise invalid(
                "server_key is no private key in PEM without a password; it takes the text "
                "itself, not a path"
            ) from None


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # How strong a key has to be is for gRPC to say.
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


@contextlib.contextmanager
def _as_file(text: str) -> Iterator[str]:
    """Path of a file that is on no disk, which might be read-only, where the system has such."""
    with contextlib.ExitStack() as stack:
        if hasattr(os, "memfd_create"):
            file = stack.enter_context(open(os.memfd_create("pem"), "w+b"))
        else:
            file = stack.enter_context(tempfile.TemporaryFile())
        file.write(text.encode())
        file.seek(0)
        yield f"/dev/fd/{file.fileno()}"
