"""Configurations that come while models are served: sound ones, wrong ones, impossible ones."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import (
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)


class Clients:
    def __init__(self, server):
        channel = grpc.insecure_channel(server.grpc)
        self._predict = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict
        self._reload = model_service_pb2_grpc.ModelServiceStub(channel).HandleReloadConfigRequest

    def predict(self, name: str) -> float | None:
        """What the model answers to 2; None if it is not served."""
        request = predict_pb2.PredictRequest()
        request.model_spec.name = name
        request.inputs["x"].CopyFrom(tf.make_tensor_proto(np.array([2.0], np.float32)))
        try:
            return self._predict(request, timeout=30).outputs["y"].float_val[0]
        except grpc.RpcError as error:
            assert error.code() is grpc.StatusCode.NOT_FOUND
            return None

    def reload(self, timeout: float | None = None, /, **base_paths: Path) -> str:
        """Code and message of the answer."""
        request = model_management_pb2.ReloadConfigRequest()
        request.config.model_config_list.SetInParent()
        for name, path in base_paths.items():
            request.config.model_config_list.config.add(name=name, base_path=str(path))
        try:
            self._reload(request, timeout=timeout)
        except grpc.RpcError as error:
            return f"{error.code().name}: {error.details()}"
        return "OK"


def config_of(*entries: str, **base_paths: Path) -> str:
    listed = [*entries, *(f'name: "{n}" base_path: "{p}"' for n, p in base_paths.items())]
    return "model_config_list {" + "".join(f" config {{ {entry} }}" for entry in listed) + " }"


@pytest.fixture(scope="module")
def asked(model_server, half_plus_two) -> Clients:
    """A server that gives new models a second; each test leaves it with `a` alone."""
    server = model_server(
        model_name="a", model_base_path=half_plus_two, model_config_reload_wait_seconds=1
    )
    clients = Clients(server)
    clients.server = server
    return clients


@pytest.fixture
def polled(model_server, half_plus_two, tmp_path) -> tuple[Clients, Path]:
    """A server that serves `a` from a file that it reads again and again, and that file."""
    config = tmp_path / "models.config"
    config.write_text(config_of(a=half_plus_two))
    server = model_server(
        model_config_file=config,
        model_config_file_poll_wait_seconds=0.1,
        file_system_poll_wait_seconds=0.1,
    )
    yield Clients(server), config
    server.stop()


def test_a_reload_that_cannot_succeed_ends_and_takes_nothing_away(
    asked, half_plus_two, tmp_path, wait_until
):
    missing = tmp_path / "none"
    assert asked.reload(b=missing) == (
        "UNKNOWN: 1 model(s) did not become available: {{name: b} due to error: NOT_FOUND: "
        f"No versions of servable b found under base path {missing}}}"
    )
    assert asked.predict("a") == 3.0
    # What could be loaded is served, and what it shall replace stays until all of it is there.
    assert asked.reload(b=missing, c=half_plus_two).startswith("UNKNOWN: ")
    wait_until(lambda: asked.predict("c") == 3.0)
    assert (asked.predict("a"), asked.predict("b")) == (3.0, None)
    assert asked.reload(c=half_plus_two) == "OK"
    assert (asked.predict("a"), asked.predict("c")) == (None, 3.0)
    # A second may not be enough for what is new.
    wait_until(lambda: asked.reload(a=half_plus_two) == "OK")
    assert (asked.predict("a"), asked.predict("c")) == (3.0, None)


def test_what_is_missing_is_waited_for_after_the_answer(
    asked, half_plus_two, new_version, tmp_path, wait_until
):
    later = tmp_path / "later"
    assert asked.reload(b=later).startswith("UNKNOWN: ")
    new_version(later, 1, 5.0)
    wait_until(lambda: asked.predict("b") == 6.0)
    wait_until(lambda: asked.predict("a") is None)
    wait_until(lambda: asked.reload(a=half_plus_two) == "OK")


def test_a_model_keeps_what_it_has_until_there_is_what_it_shall_have(
    polled, half_plus_two, new_version, tmp_path, wait_until
):
    (clients, config), other = polled, tmp_path / "other"
    new_version(other, 1, 1.0)
    specific = "model_version_policy { specific { versions: 7 } }"
    config.write_text(config_of(f'name: "a" base_path: "{other}" {specific}', b=half_plus_two))
    # The file has been read when its other model is there.
    wait_until(lambda: clients.predict("b") == 3.0)
    assert clients.predict("a") == 3.0
    new_version(other, 7, 7.0)
    wait_until(lambda: clients.predict("a") == 8.0)


def test_a_later_reload_does_not_wait_for_an_earlier_one(model_server, half_plus_two, tmp_path):
    clients = Clients(model_server(model_name="a", model_base_path=half_plus_two))
    answers = []
    earlier = threading.Thread(target=lambda: answers.append(clients.reload(b=tmp_path)))
    earlier.start()
    while not answers:
        assert clients.reload(a=half_plus_two) == "OK"
        earlier.join(0.2)
    assert answers == ["ABORTED: A later configuration does without b"]
    assert clients.predict("a") == 3.0


def test_neither_its_caller_nor_the_end_waits_for_a_reload(model_server, half_plus_two, tmp_path):
    server = model_server(
        model_name="a",
        model_base_path=half_plus_two,
        model_config_reload_wait_seconds=600,
        grpc_max_threads=1,
    )
    clients, answers = Clients(server), []
    assert clients.reload(0.3, a=half_plus_two, b=tmp_path).startswith(
        ("DEADLINE_EXCEEDED: ", "UNKNOWN: ")
    )
    # The only thread is free again.
    assert clients.predict("a") == 3.0
    waiting = threading.Thread(target=lambda: answers.append(clients.reload(b=tmp_path)))
    waiting.start()
    waiting.join(0.5)
    server.stop()
    waiting.join(60)
    assert answers == ["UNAVAILABLE: The server is stopping"]


def test_a_model_that_is_tried_again_keeps_no_other_waiting(
    model_server, half_plus_two, tmp_path, wait_until
):
    server = model_server(
        model_name="a",
        model_base_path=half_plus_two,
        model_config_reload_wait_seconds=1,
        max_num_load_retries=5,
    )
    clients, broken = Clients(server), tmp_path / "broken"
    (broken / "1").mkdir(parents=True)
    (broken / "1" / "saved_model.pb").write_bytes(b"no model")
    wait_until(lambda: "Cannot parse file" in clients.reload(a=half_plus_two, broken=broken))
    wait_until(lambda: clients.reload(a=half_plus_two, b=half_plus_two) == "OK")
    server.stop()


def test_a_corrected_file_is_read(polled, half_plus_two, new_version, tmp_path, wait_until):
    clients, config = polled
    config.write_text(config_of(b=tmp_path / "none", c=half_plus_two))
    wait_until(lambda: clients.predict("c") == 3.0)
    assert clients.predict("a") == 3.0
    base = tmp_path / "b"
    new_version(base, 1, 1.0)
    config.write_text(config_of(b=base))
    wait_until(lambda: clients.predict("b") == 2.0 and clients.predict("a") is None)
    assert clients.predict("c") is None


def test_a_file_that_is_wrong_changes_nothing_and_is_told_of_once(
    polled, half_plus_two, tmp_path, wait_until, caplog, monkeypatch
):
    clients, config = polled
    monkeypatch.setattr(logging.getLogger("reviewlens.serve"), "propagate", True)
    b = config_of(b=half_plus_two)
    wrong = {
        "": "Taking no action for empty config; 'model_config_list {}' serves no models",
        b[: len(b) // 2]: "Invalid protobuf file: ",
        "no configuration": "Invalid protobuf file: ",
        b + ' custom_model_config { type_url: "t" }': "Invalid protobuf file: ",
        'custom_model_config { type_url: "t" }': "does not yet support custom model config",
        config_of('name: "b" base_path: "/m"', b=half_plus_two): "list model b multiple times",
        config_of(b=Path("relative")): "to have an absolute path or URI; got base_path()=relative",
        config_of('base_path: "/m"'): "to have a name",
        None: "No such file or directory",
        Path: "Is a directory",
    }
    for text, reason in wrong.items():
        caplog.clear()
        config.unlink(missing_ok=True)
        if text is Path:
            config.mkdir()
        elif text is not None:
            # At once, so that none is read in the making.
            (tmp_path / "made").write_text(text)
            (tmp_path / "made").rename(config)
        wait_until(lambda reason=reason: reason in caplog.text)
        assert "; what was served stays" in caplog.text
        assert clients.predict("a") == 3.0
    # More readings of what is still wrong.
    time.sleep(0.5)
    assert sum(": Is a directory" in record.getMessage() for record in caplog.records) == 1
    config.rmdir()
    config.write_text(b)
    wait_until(lambda: clients.predict("b") == 3.0 and clients.predict("a") is None)


def test_no_models_are_served_when_that_is_said(asked, half_plus_two, wait_until):
    assert asked.reload() == "OK"
    assert asked.predict("a") is None
    wait_until(lambda: asked.reload(a=half_plus_two) == "OK")


def test_a_first_file_may_be_empty(model_server, half_plus_two, tmp_path, wait_until):
    config = tmp_path / "models.config"
    config.write_text("")
    server = model_server(model_config_file=config, model_config_file_poll_wait_seconds=0.1)
    clients = Clients(server)
    assert clients.predict("a") is None
    config.write_text(config_of(a=half_plus_two))
    wait_until(lambda: clients.predict("a") == 3.0)
    server.stop()
