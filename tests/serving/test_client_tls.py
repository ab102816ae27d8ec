"""Encrypted connections: who is trusted, and who is not."""

from __future__ import annotations

import http.server
import socket
import ssl
import threading
from pathlib import Path

import pytest

from reviewlens.serving.client import TLS, Client, InvalidRequest, ServerUnavailable


@pytest.fixture
def https_server(certificate):
    """Address of an HTTPS server that refuses every request as a wrong one, with status 400.

    Clients without a certificate have the time to read why they are turned away.
    """

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(400)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    class Server(http.server.ThreadingHTTPServer):
        def finish_request(self, request, client_address):
            try:
                with context.wrap_socket(request.dup(), server_side=True) as encrypted:
                    super().finish_request(encrypted, client_address)
            except ssl.SSLError:
                request.shutdown(socket.SHUT_WR)
                while request.recv(65536):
                    pass

        def handle_error(self, request, client_address):
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate["certificate"], certificate["key"])
    context.load_verify_locations(certificate["certificate"])
    context.verify_mode = ssl.CERT_REQUIRED
    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def grpcs_server(model_server, half_plus_two, certificate, tmp_path):
    """Address of a gRPC server that asks its clients for a certificate."""
    config = tmp_path / "ssl.config"
    pem = {name: repr(Path(path).read_text()) for name, path in certificate.items()}
    config.write_text(
        f"server_key: {pem['key']} server_cert: {pem['certificate']} "
        f"custom_ca: {pem['certificate']} client_verify: true"
    )
    return model_server(model_base_path=half_plus_two, ssl_config_file=config).grpc


@pytest.mark.parametrize(
    ("transport", "kind"), [("rest", "https_server"), ("grpc", "grpcs_server")]
)
def test_both_sides_show_their_certificate(request, certificate, transport, kind):
    address = request.getfixturevalue(kind)
    options = {"transport": transport, "retries": 0}
    trusted = {"root_certificates": certificate["certificate"]}

    # The request is refused, but only once it has been read.
    with (
        Client(address, tls=TLS(**certificate, **trusted), **options) as client,
        pytest.raises(InvalidRequest),
    ):
        client.predict(["fine"])
    for stranger in (None, TLS(), TLS(**certificate), TLS(**trusted)):
        with (
            Client(address, tls=stranger, **options) as client,
            pytest.raises(ServerUnavailable),
        ):
            client.predict(["fine"])
    with Client(f"https://{address}", **options) as client, pytest.raises(ServerUnavailable):
        client.predict(["fine"])
