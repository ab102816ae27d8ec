"""The file with the certificate of a gRPC server: what is wrong with it is said, and where."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from reviewlens.errors import RunError
from reviewlens.serving.config_protos import SSLConfig
from reviewlens.serving.server.tls import server_credentials
from reviewlens.serving.status import Code, ServingError


def pem_of(key, encryption=None) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        encryption or serialization.NoEncryption(),
    ).decode()


@pytest.fixture
def given(certificate) -> dict[str, str]:
    """The fields of a file with which nothing is wrong."""
    return {
        "server_key": Path(certificate["key"]).read_text(),
        "server_cert": Path(certificate["certificate"]).read_text(),
    }


@pytest.fixture
def read(tmp_path):
    def read(fields: dict):
        file = tmp_path / "ssl.config"
        file.write_text(str(SSLConfig(**fields)))
        return server_credentials(str(file))

    return read


def test_what_is_sound_is_taken(read, given):
    assert server_credentials("") is None
    certificate = given["server_cert"]
    assert read(given)
    assert read({**given, "server_cert": certificate * 2})
    assert read({**given, "client_verify": True, "custom_ca": certificate})
    assert read({**given, "custom_ca": certificate})


NO_KEY = "server_key is no private key in PEM without a password; it takes the text itself"
NO_CERTIFICATE = "is no certificate in PEM; it takes the text itself, not a path"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"server_key": ""}, "server_key is empty; it takes a private key in PEM"),
        ({"server_cert": " "}, "server_cert is empty; it takes a certificate in PEM"),
        ({"server_key": "junk"}, NO_KEY),
        ({"server_key": "/etc/tls/key.pem"}, NO_KEY),
        (
            {
                "server_key": pem_of(
                    ec.generate_private_key(ec.SECP256R1()),
                    serialization.BestAvailableEncryption(b"secret"),
                )
            },
            NO_KEY,
        ),
        ({"server_cert": "junk"}, f"server_cert {NO_CERTIFICATE}"),
        ({"server_cert": "jünk"}, f"server_cert {NO_CERTIFICATE}"),
        (
            {"server_key": pem_of(ec.generate_private_key(ec.SECP256R1()))},
            "server_key is not the key of the first of server_cert",
        ),
        (
            {"server_key": pem_of(rsa.generate_private_key(65537, 2048))},
            "server_key is not the key of the first of server_cert",
        ),
        ({"client_verify": True}, "client_verify needs custom_ca"),
        ({"client_verify": True, "custom_ca": "junk"}, f"custom_ca {NO_CERTIFICATE}"),
    ],
)
def test_what_is_wrong_is_named_in_one_line(read, given, tmp_path, changes, message):
    with pytest.raises(ServingError) as caught:
        read({**given, **changes})
    assert caught.value.code == Code.INVALID_ARGUMENT
    assert caught.value.message.startswith(f"{tmp_path}/ssl.config: {message}")
    assert "\n" not in caught.value.message


def test_a_part_of_a_key_or_certificate_is_none(read, given):
    for field, text in given.items():
        with pytest.raises(ServingError, match=f"{field} is no "):
            read({**given, field: text[:80]})


def test_a_server_does_not_blame_its_port(model_server, half_plus_two, given, tmp_path):
    file = tmp_path / "ssl.config"
    file.write_text(str(SSLConfig(**{**given, "server_key": "junk"})))
    with pytest.raises(
        RunError, match="Failed to start server. Error: INVALID_ARGUMENT: .*server_"
    ):
        model_server(model_base_path=half_plus_two, ssl_config_file=file)


def test_why_nobody_can_listen_on_a_socket_is_told(model_server, half_plus_two, tmp_path):
    for path, reason in {
        tmp_path / "none" / "socket": "No such file or directory",
        tmp_path / ("s" * 120): "path too long",
    }.items():
        with pytest.raises(RunError, match=f"cannot listen on unix:{path} for gRPC: .*{reason}"):
            model_server(model_base_path=half_plus_two, port=0, grpc_socket_path=path)
