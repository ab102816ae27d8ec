"""A server that may open few files, and clients that open connections and do nothing."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import grpc
import pytest

pytestmark = pytest.mark.faults

FILES = 300
IDLE = 400


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    """Base path of a model that answers x / 2 + 2."""
    import tensorflow as tf

    module = tf.Module()
    module.call = tf.function(
        lambda x: {"y": x / 2 + 2}, input_signature=[tf.TensorSpec([None], tf.float32, "x")]
    )
    base = tmp_path_factory.mktemp("model")
    tf.saved_model.save(module, str(base / "1"), {"serving_default": module.call})
    return base


@pytest.fixture(scope="module")
def server(model):
    """Addresses for REST and gRPC of a server in a process that may open FILES files."""
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
        rest, grpc_ = (listener.getsockname()[1] for listener in listeners)
    command = [
        *(str(Path(sys.executable).with_name("reviewlens")), "serve", f"--rest_api_port={rest}"),
        *(f"--port={grpc_}", "--model_name=m", f"--model_base_path={model}"),
        "--enable_grpc_healthcheck_service",
        "--grpc_channel_arguments=grpc.server_handshake_timeout_ms=3000",
    ]
    process = subprocess.Popen(
        ["sh", "-c", f'ulimit -n {FILES}; exec "$@"', "sh", *command],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        for line in process.stderr:
            if "Exporting HTTP/REST API" in line:
                break
        yield rest, grpc_
        process.terminate()
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.stderr.close()


@contextlib.contextmanager
def idle_connections(port: int):
    with contextlib.ExitStack() as stack:
        for _ in range(IDLE):
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
        yield


def ask_rest(port: int) -> None:
    url = f"http://127.0.0.1:{port}/v1/models/m"
    with urllib.request.urlopen(url, timeout=30) as response:
        assert b'"AVAILABLE"' in response.read()
    with urllib.request.urlopen(f"{url}:predict", b'{"instances": [2]}', timeout=30) as response:
        assert json.load(response) == {"predictions": [3.0]}


def ask_grpc(port: int) -> None:
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    # Not over the connection of another channel.
    options = [("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(f"127.0.0.1:{port}", options) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        answer = health.Check(health_pb2.HealthCheckRequest(), timeout=30)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_idle_http_connections_keep_nobody_out(server):
    rest, grpc_ = server
    with idle_connections(rest):
        for _ in range(3):
            ask_rest(rest)
        ask_grpc(grpc_)
    ask_rest(rest)


def test_idle_grpc_connections_leave_http_alone_and_are_ended(server):
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    rest, grpc_ = server
    with grpc.insecure_channel(f"127.0.0.1:{grpc_}") as channel:
        health = health_pb2_grpc.HealthStub(channel)
        health.Check(health_pb2.HealthCheckRequest(), timeout=30)
        with idle_connections(grpc_):
            ask_rest(rest)
            # Who was there before is answered.
            health.Check(health_pb2.HealthCheckRequest(), timeout=30)
            with pytest.raises(grpc.RpcError):
                ask_grpc(grpc_)
            # Others are once those that never spoke have been ended.
            deadline = time.monotonic() + 60
            while True:
                try:
                    ask_grpc(grpc_)
                    break
                except grpc.RpcError:
                    assert time.monotonic() < deadline
                    time.sleep(0.2)
    ask_rest(rest)
