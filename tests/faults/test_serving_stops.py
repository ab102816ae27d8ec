"""`reviewlens serve` that is told to stop: under load, while requests wait, and while it starts."""

from __future__ import annotations

import collections
import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    """Base path of a model whose version 1 answers x / 2 + 2."""

    class HalfPlusTwo(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, "x")])
        def __call__(self, x):
            return {"y": 0.5 * x + 2.0}

    base = tmp_path_factory.mktemp("models") / "m"
    module = HalfPlusTwo()
    tf.saved_model.save(module, str(base / "1"), signatures=module.__call__)
    return base


class Serving:
    """A `reviewlens serve` of its own, with what it has said so far."""

    def __init__(self, *flags: str):
        with contextlib.ExitStack() as stack:
            sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in "ab"]
            grpc_port, rest_port = (opened.getsockname()[1] for opened in sockets)
        self.grpc, self.rest = f"127.0.0.1:{grpc_port}", f"127.0.0.1:{rest_port}"
        program = Path(sys.executable).with_name("reviewlens")
        self.process = subprocess.Popen(
            [program, "serve", f"--port={grpc_port}", f"--rest_api_port={rest_port}", *flags],
            stderr=subprocess.PIPE,
            text=True,
            env={k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"},
        )
        self.lines: list[str] = []
        self._read = threading.Thread(target=self._follow, daemon=True)
        self._read.start()

    def _follow(self) -> None:
        for line in self.process.stderr:
            self.lines.append(line.rstrip())

    def says(self, text: str) -> bool:
        return any(text in line for line in self.lines)

    def wait_for(self, text: str) -> None:
        deadline = time.monotonic() + 120
        while not self.says(text):
            assert self.process.poll() is None and time.monotonic() < deadline, self.lines
            time.sleep(0.02)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def exit_code(self, timeout: float = 60) -> int:
        code = self.process.wait(timeout)
        self._read.join(10)
        return code


@pytest.fixture
def serve() -> Iterator[Callable[..., Serving]]:
    with contextlib.ExitStack() as stack:

        def start(*flags: str) -> Serving:
            started = Serving(*flags)
            stack.callback(started.process.kill)
            return started

        yield start


class Load:
    """Clients that ask as fast as they get answers, until they are refused for good."""

    def __init__(self, serving: Serving):
        self.answers: collections.Counter = collections.Counter()
        self.failures: list[str] = []
        self._serving = serving
        self._stopped = threading.Event()
        kinds = [self._by_grpc] * 4 + [self._by_kept_connection] * 2 + [self._by_connection] * 2
        self._threads = [threading.Thread(target=self._ask, args=[kind]) for kind in kinds]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join(60)

    def _ask(self, kind: Callable[[Callable[[float], float] | None], None]) -> None:
        with contextlib.ExitStack() as stack:
            ask = kind(stack)
            value = 0.0
            while not self._stopped.is_set():
                value += 1.0
                try:
                    answer = ask(value)
                except grpc.RpcError as error:
                    self._note(kind, error.code() is grpc.StatusCode.UNAVAILABLE, error.details())
                except (OSError, http.client.HTTPException) as error:
                    reason = getattr(error, "reason", error)
                    self._note(kind, isinstance(reason, ConnectionRefusedError), repr(error))
                else:
                    assert answer == value / 2 + 2
                    self.answers[kind.__name__] += 1

    def _note(self, kind: Callable, refused: bool, text: str) -> None:
        if refused:
            # Whoever is turned away asks again after a while, as clients do.
            self._stopped.wait(0.05)
        else:
            self.failures.append(f"{kind.__name__}: {text}")

    def _by_grpc(self, stack: contextlib.ExitStack) -> Callable[[float], float]:
        # Each client has a connection of its own.
        options = [("grpc.use_local_subchannel_pool", 1)]
        channel = stack.enter_context(grpc.insecure_channel(self._serving.grpc, options))
        predict = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict

        def ask(value: float) -> float:
            request = predict_pb2.PredictRequest()
            request.model_spec.name = "m"
            request.inputs["x"].CopyFrom(tf.make_tensor_proto(np.array([value], np.float32)))
            return predict(request, timeout=60).outputs["y"].float_val[0]

        return ask

    def _by_kept_connection(self, stack: contextlib.ExitStack) -> Callable[[float], float]:
        connection = http.client.HTTPConnection(self._serving.rest, timeout=60)
        stack.callback(connection.close)

        def ask(value: float) -> float:
            try:
                connection.request("POST", "/v1/models/m:predict", _body(value))
                return json.loads(connection.getresponse().read())["predictions"][0]
            except (OSError, http.client.HTTPException):
                connection.close()
                raise

        return ask

    def _by_connection(self, stack: contextlib.ExitStack) -> Callable[[float], float]:
        def ask(value: float) -> float:
            url = f"http://{self._serving.rest}/v1/models/m:predict"
            with urllib.request.urlopen(url, _body(value), timeout=60) as response:
                return json.load(response)["predictions"][0]

        return ask


def _body(value: float) -> bytes:
    return json.dumps({"instances": [value]}).encode()


@pytest.mark.parametrize("batching", ["", "batch_timeout_micros { value: 1500000 }"])
def test_every_request_is_answered_or_refused(serve, model, tmp_path, batching):
    flags = ["--model_name=m", f"--model_base_path={model}"]
    if batching:
        parameters = tmp_path / "batching_parameters.txt"
        parameters.write_text(batching)
        flags += ["--enable_batching", f"--batching_parameters_file={parameters}"]
    serving = serve(*flags)
    serving.wait_for("Exporting HTTP/REST API")
    load = Load(serving)
    try:
        deadline = time.monotonic() + 60
        while len(load.answers) < 3:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        # In the middle of requests, and of batches that wait for more of them.
        time.sleep(0.5)
        serving.stop()
        code = serving.exit_code()
    finally:
        load.end()
    assert not load.failures
    assert code == 0, serving.lines


def test_a_start_that_waits_for_its_model_ends_at_once(serve, tmp_path):
    serving = serve("--model_name=m", f"--model_base_path={tmp_path}")
    serving.wait_for("No versions of servable m found under base path")
    serving.stop()
    assert serving.exit_code() == 128 + signal.SIGTERM
    assert serving.lines[-1] == "error: interrupted"


def test_a_configuration_that_cannot_be_met_does_not_keep_it_from_ending(serve, model, tmp_path):
    config = tmp_path / "models.config"
    entry = 'model_config_list {{ config {{ name: "{}" base_path: "{}" }} }}'
    config.write_text(entry.format("m", model))
    serving = serve(f"--model_config_file={config}", "--model_config_file_poll_wait_seconds=1")
    serving.wait_for("Exporting HTTP/REST API")
    config.write_text(entry.format("other", tmp_path / "none"))
    serving.wait_for(f"{tmp_path}/none")
    serving.stop()
    assert serving.exit_code() == 0


@pytest.fixture
def waiting(serve, model, tmp_path) -> Iterator[Callable[..., Serving]]:
    """A server with a request that is answered in an hour, and that has been told to stop."""
    parameters = tmp_path / "batching_parameters.txt"
    parameters.write_text("batch_timeout_micros { value: 3600000000 }")
    clients = []

    def start(*flags: str) -> Serving:
        serving = serve(
            *("--model_name=m", f"--model_base_path={model}", "--rest_api_timeout_in_ms=0"),
            *("--enable_batching", f"--batching_parameters_file={parameters}", *flags),
        )
        serving.wait_for("Exporting HTTP/REST API")
        host, _, port = serving.rest.partition(":")
        client = socket.create_connection((host, int(port)))
        client.sendall(
            b"POST /v1/models/m:predict HTTP/1.1\r\nHost: m\r\nContent-Length: %d\r\n\r\n%s"
            % (len(_body(1.0)), _body(1.0))
        )
        clients.append(client)
        time.sleep(0.5)
        serving.stop()
        serving.wait_for("Stopping once the requests are answered")
        return serving

    yield start
    for client in clients:
        client.close()


def test_a_second_signal_ends_it_without_the_answers(waiting):
    serving = waiting("--shutdown_grace_seconds=600")
    with pytest.raises(subprocess.TimeoutExpired):
        serving.exit_code(1)
    serving.stop()
    assert serving.exit_code() == 128 + signal.SIGTERM
    assert serving.says("SIGTERM again; ending without what is left")


def test_no_request_keeps_it_beyond_its_time(waiting):
    serving = waiting("--shutdown_grace_seconds=1")
    assert serving.exit_code() == 1
    assert serving.says("Not done after 6 seconds; ending without what is left")
