"""The server as a whole: its flags and files, its start and its end, versions that come and go."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from reviewlens.errors import RunError, UsageError
from reviewlens.serving.server.request_log import read_request_log


def request_for(value: float, name: str = "m") -> predict_pb2.PredictRequest:
    request = predict_pb2.PredictRequest()
    request.model_spec.name = name
    request.inputs["x"].CopyFrom(tf.make_tensor_proto(np.array([value], np.float32)))
    return request


def stub(address: str):
    return prediction_service_pb2_grpc.PredictionServiceStub(grpc.insecure_channel(address))


def rest(address: str, path: str, body: object = None) -> str:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(f"http://{address}{path}", data, timeout=60) as response:
        return response.read().decode()


def test_no_request_fails_while_versions_are_swapped(model_server, new_version, tmp_path):
    base = tmp_path / "m"
    new_version(base, 1, 1.0)
    server = model_server(
        model_name="m",
        model_base_path=base,
        file_system_poll_wait_seconds=0.1,
        enable_batching=True,
    )
    seen: list[tuple[int, float]] = []
    errors: list[Exception] = []
    stopped = threading.Event()

    def ask_by_grpc():
        predict = stub(server.grpc).Predict
        while not stopped.is_set():
            try:
                response = predict(request_for(2.0), timeout=30)
            except grpc.RpcError as error:
                errors.append(error)
            else:
                answer = response.outputs["y"].float_val[0]
                seen.append((response.model_spec.version.value, answer))

    def ask_by_rest():
        while not stopped.is_set():
            try:
                rest(server.rest, "/v1/models/m:predict", {"instances": [2.0]})
            except OSError as error:
                errors.append(error)

    threads = [threading.Thread(target=f) for f in (ask_by_grpc, ask_by_grpc, ask_by_rest)]
    for thread in threads:
        thread.start()
    try:
        for version in range(2, 22):
            new_version(base, version, float(version))
            deadline = time.monotonic() + 60
            while not seen or seen[-1][0] < version:
                assert time.monotonic() < deadline
                time.sleep(0.01)
    finally:
        stopped.set()
        for thread in threads:
            thread.join()

    assert not errors
    assert {version for version, _ in seen} == set(range(1, 22))
    assert all(answer == 1 + version for version, answer in seen)
    states = json.loads(rest(server.rest, "/v1/models/m"))["model_version_status"]
    assert states[0]["version"] == "21" and states[0]["state"] == "AVAILABLE"


def test_a_version_that_cannot_load_leaves_the_old_one(
    model_server, new_version, tmp_path, wait_until
):
    base = tmp_path / "m"
    new_version(base, 1, 1.0)
    server = model_server(model_name="m", model_base_path=base, file_system_poll_wait_seconds=0.1)
    (base / "2").mkdir()
    (base / "2" / "saved_model.pb").write_bytes(b"no model")

    def states():
        told = json.loads(rest(server.rest, "/v1/models/m"))["model_version_status"]
        return {s["version"]: (s["state"], s["status"]["error_code"]) for s in told}

    wait_until(lambda: states().get("2", ("",))[0] == "END")
    assert states()["2"][1] != "OK"
    assert states()["1"] == ("AVAILABLE", "OK")
    assert stub(server.grpc).Predict(request_for(2.0)).model_spec.version.value == 1

    # Somebody mends it.
    mended = new_version(tmp_path / "elsewhere", 2, 2.0)
    (base / "2" / "saved_model.pb").write_bytes((mended / "saved_model.pb").read_bytes())
    (mended / "variables").rename(base / "2" / "variables")
    wait_until(lambda: states()["2"][0] == "AVAILABLE")
    assert stub(server.grpc).Predict(request_for(2.0)).outputs["y"].float_val[0] == 3.0


@pytest.mark.parametrize(
    ("policy", "versions"),
    [("", [3]), ("latest { num_versions: 2 }", [3, 2]), ("all {}", [3, 2, 1])]
    + [("specific { versions: 1 versions: 3 }", [3, 1])],
)
def test_policies_choose_versions(
    model_server, new_version, tmp_path, policy, versions, wait_until
):
    base = tmp_path / "m"
    for version in (1, 2, 3):
        new_version(base, version, float(version))
    config = tmp_path / "models.config"
    policy = f"model_version_policy {{ {policy} }}" if policy else ""
    config.write_text(
        f'model_config_list {{ config {{ name: "m" base_path: "{base}" {policy} }} }}'
    )
    server = model_server(model_config_file=config, file_system_poll_wait_seconds=0.1)

    def available():
        told = json.loads(rest(server.rest, "/v1/models/m"))["model_version_status"]
        return [int(status["version"]) for status in told if status["state"] == "AVAILABLE"]

    wait_until(lambda: available() == versions)


def test_a_changed_configuration_is_read_again(model_server, half_plus_two, tmp_path, wait_until):
    config = tmp_path / "models.config"
    entry = 'config {{ name: "{}" base_path: "{}" }}'
    config.write_text(f"model_config_list {{ {entry.format('a', half_plus_two)} }}")
    server = model_server(model_config_file=config, model_config_file_poll_wait_seconds=0.1)
    predict = stub(server.grpc).Predict
    assert predict(request_for(2.0, "a")).outputs["y"].float_val[0] == 3.0
    config.write_text("model_config_list { no text proto")
    time.sleep(0.5)
    assert predict(request_for(2.0, "a")).outputs["y"].float_val[0] == 3.0
    config.write_text(f"model_config_list {{ {entry.format('b', half_plus_two)} }}")

    def renamed() -> bool:
        try:
            return predict(request_for(2.0, "b")).outputs["y"].float_val[0] == 3.0
        except grpc.RpcError:
            return False

    wait_until(renamed)


def test_labels_at_the_start_need_a_flag(model_server, half_plus_two, tmp_path):
    config = tmp_path / "models.config"
    config.write_text(
        f'model_config_list {{ config {{ name: "m" base_path: "{half_plus_two}" '
        'version_labels { key: "stable" value: 123 } } }'
    )
    with pytest.raises(RunError, match="FAILED_PRECONDITION: Request to assign label"):
        model_server(model_config_file=config)
    server = model_server(
        model_config_file=config, allow_version_labels_for_unavailable_models=True
    )
    answer = rest(server.rest, "/v1/models/m/labels/stable:predict", {"instances": [2.0]})
    assert json.loads(answer) == {"predictions": [3.0]}


def test_sampled_requests_are_logged(model_server, half_plus_two, tmp_path):
    log = tmp_path / "requests"
    server = model_server(
        model_name="m",
        model_base_path=half_plus_two,
        request_log=str(log),
        request_log_sampling_rate=1.0,
    )
    stub(server.grpc).Predict(request_for(2.0))
    rest(server.rest, "/v1/models/m:predict", {"instances": [4.0]})
    rest(
        server.rest,
        "/v1/models/m:classify",
        {"signature_name": "classify_x_to_y", "examples": [{"x": 6.0}]},
    )
    server.stop()
    logged = list(read_request_log(str(log)))
    predictions = [entry.predict_log for entry in logged if entry.HasField("predict_log")]
    asked = [tf.make_ndarray(entry.request.inputs["x"]).tolist() for entry in predictions]
    answered = [tf.make_ndarray(entry.response.outputs["y"]).tolist() for entry in predictions]
    assert sorted(asked) == [[2.0], [4.0]]
    assert sorted(answered) == [[3.0], [4.0]]
    (classified,) = (entry.classify_log for entry in logged if entry.HasField("classify_log"))
    assert classified.response.result.classifications[0].classes[0].score == 5.0


def test_the_prometheus_page_counts(model_server, half_plus_two, tmp_path):
    monitoring = tmp_path / "monitoring.config"
    monitoring.write_text('prometheus_config { enable: true path: "/metrics" }')
    server = model_server(
        model_name="m", model_base_path=half_plus_two, monitoring_config_file=monitoring
    )
    stub(server.grpc).Predict(request_for(2.0))
    rest(server.rest, "/v1/models/m:predict", {"instances": [4.0]})
    page = rest(server.rest, "/metrics")
    assert ':tensorflow:serving:request_count{model_name="m",status="OK"} 2' in page
    assert 'API="Predict",entrypoint="GRPC"' in page
    assert 'API="predict",entrypoint="REST"' in page


def test_grpc_over_tls(model_server, half_plus_two, tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
        + ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
        + ["-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    quoted = {
        name: json.dumps(file.read_text())
        for name, file in {"server_key": key, "server_cert": certificate}.items()
    }
    config = tmp_path / "ssl.config"
    config.write_text("".join(f"{name}: {text}\n" for name, text in quoted.items()))
    server = model_server(model_name="m", model_base_path=half_plus_two, ssl_config_file=config)
    credentials = grpc.ssl_channel_credentials(certificate.read_bytes())
    address = server.grpc.replace("127.0.0.1", "localhost")
    secure = prediction_service_pb2_grpc.PredictionServiceStub(
        grpc.secure_channel(address, credentials)
    )
    assert secure.Predict(request_for(2.0), timeout=30).outputs["y"].float_val[0] == 3.0
    with pytest.raises(grpc.RpcError):
        stub(server.grpc).Predict(request_for(2.0), timeout=5)


def test_grpc_over_a_unix_socket_and_names_that_are_no_paths(model_server, half_plus_two, tmp_path):
    server = model_server(
        model_name="m",
        model_base_path=half_plus_two,
        port=0,
        grpc_socket_path=str(tmp_path / "socket"),
        grpc_channel_arguments="grpc.max_connection_age_ms=60000,grpc.keepalive_time_ms=9000",
    )
    response = stub(f"unix:{tmp_path / 'socket'}").Predict(request_for(2.0), timeout=30)
    assert response.outputs["y"].float_val[0] == 3.0
    for name in ("..%2F" + half_plus_two.name, "%2Fetc%2Fpasswd", "m%00"):
        with pytest.raises(urllib.error.HTTPError) as caught:
            rest(server.rest, f"/v1/models/{name}")
        assert caught.value.code == 404
    with pytest.raises(UsageError, match="'age' is not key=value"):
        model_server(model_base_path=half_plus_two, grpc_channel_arguments="age")


def test_a_model_may_bring_its_own_batching_parameters(model_server, new_version, tmp_path):
    base = tmp_path / "m"
    version = new_version(base, 1, 1.0)
    (version / "batching_params.pbtxt").write_text("max_batch_size { value: 2 }")
    server = model_server(
        model_name="m",
        model_base_path=base,
        enable_batching=True,
        enable_per_model_batching_parameters=True,
    )
    predict = "/v1/models/m:predict"
    answer = rest(server.rest, predict, {"instances": [2.0, 4.0]})
    assert json.loads(answer) == {"predictions": [2.0, 3.0]}
    with pytest.raises(urllib.error.HTTPError) as caught:
        rest(server.rest, predict, {"instances": [1.0, 2.0, 3.0]})
    assert json.loads(caught.value.read()) == {
        "error": "Task size 3 is larger than maximum input batch size 2"
    }


def test_tags_choose_the_graph(model_server, half_plus_two):
    with pytest.raises(RunError, match="did not become available: .*other"):
        model_server(model_name="m", model_base_path=half_plus_two, saved_model_tags="other")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({}, "give --model_base_path or --model_config_file"),
        ({"model_base_path": "m", "port": 1, "rest_api_port": 1}, "must differ"),
        ({"model_base_path": "m", "port": 0, "rest_api_port": 0}, "are all off"),
        ({"model_base_path": "m", "batching_parameters_file": "f"}, "needs --enable_batching"),
        ({"model_config_file": "/"}, "--model_config_file: /: is no file"),
        ({"model_base_path": "m", "shutdown_grace_seconds": -1}, "at least 0 is needed"),
        ({"model_config_file": "f"}, "--model_config_file: f: no such file"),
        ({"model_base_path": "m", "grpc_max_connections": -1}, "must not be negative"),
        ({"model_base_path": "m", "rest_api_max_header_bytes": 0}, "must be positive"),
        (
            {"model_base_path": "m", "rest_api_port": 0, "monitoring_config_file": "f"},
            "needs --rest_api_port",
        ),
    ],
)
def test_flags_that_contradict_each_other(model_server, flags, message):
    with pytest.raises(UsageError, match=re.escape(message)):
        model_server(**flags)


@pytest.mark.parametrize(
    ("flags", "text", "message"),
    [
        (
            {"batching_parameters_file": "f", "enable_batching": True},
            "max {",
            "f: Invalid protobuf",
        ),
        (
            {"batching_parameters_file": "f", "enable_batching": True},
            "max_batch_size { value: 8 } allowed_batch_sizes: 4",
            "Last entry in allowed_batch_sizes must match max_batch_size",
        ),
        ({"model_config_file": "f"}, "model_config_list { config { } }", "to have a name"),
        (
            {"model_config_file": "f"},
            'model_config_list { config { name: "m" base_path: "relative" } }',
            "to have an absolute path or URI",
        ),
    ],
)
def test_files_that_are_wrong(
    model_server, half_plus_two, tmp_path, monkeypatch, flags, text, message
):
    monkeypatch.chdir(tmp_path)
    Path("f").write_text(text)
    with pytest.raises(RunError) as caught:
        model_server(**{"model_base_path": half_plus_two, **flags})
    assert message.removeprefix("f: ") in str(caught.value)
    assert str(caught.value).startswith("Failed to start server. Error: INVALID_ARGUMENT: ")


def test_a_model_that_cannot_load_ends_the_start(model_server, tmp_path):
    broken = tmp_path / "m" / "1"
    broken.mkdir(parents=True)
    (broken / "saved_model.pb").write_bytes(b"no model")
    with pytest.raises(RunError, match=r"1 model\(s\) did not become available: \{\{name: m v"):
        model_server(model_name="m", model_base_path=tmp_path / "m")


def test_a_failing_warm_up_fails_the_version(model_server, new_version, tmp_path):
    base = tmp_path / "m"
    version = new_version(base, 1, 1.0)
    (version / "assets.extra").mkdir()
    (version / "assets.extra" / "tf_serving_warmup_requests").write_bytes(b"no records at all")
    with pytest.raises(RunError, match="DATA_LOSS: .*verify your warmup data is in TFRecord"):
        model_server(model_name="m", model_base_path=base)
    server = model_server(model_name="m", model_base_path=base, enable_model_warmup=False)
    assert stub(server.grpc).Predict(request_for(2.0)).outputs["y"].float_val[0] == 2.0


def test_the_command_serves_until_it_is_told_to_stop(half_plus_two, ports):
    grpc_port, rest_port = ports(2)
    command = [
        *(Path(sys.executable).with_name("reviewlens"), "serve", f"--port={grpc_port}"),
        *(f"--rest_api_port={rest_port}", "--model_name=m", f"--model_base_path={half_plus_two}"),
        *("--enable_batching", "--enable_profiler=false"),
    ]
    # Other tests of this process may have asked TensorFlow to say more.
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        lines = []
        for line in process.stderr:
            lines.append(line.rstrip())
            if "Exporting HTTP/REST API" in line:
                break
        address = f"127.0.0.1:{rest_port}"
        answer = rest(address, "/v1/models/m:predict", {"instances": [2.0]})
        assert json.loads(answer) == {"predictions": [3.0]}
        assert stub(f"127.0.0.1:{grpc_port}").Predict(request_for(4.0)).outputs["y"].float_val
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
    assert sum("--enable_profiler has no effect here" in line for line in lines) == 1
    assert all(re.match(r"\d{4}-\d\d-\d\d .* (INFO|WARNING) ", line) for line in lines), lines


def test_a_taken_port_is_one_line(half_plus_two, model_server):
    server = model_server(model_name="m", model_base_path=half_plus_two)
    taken = int(server.rest.partition(":")[2])
    with pytest.raises(RunError, match=f"cannot listen on 127.0.0.1:{taken} for HTTP"):
        model_server(model_name="m", model_base_path=half_plus_two, rest_api_port=taken)
    taken = int(server.grpc.partition(":")[2])
    with pytest.raises(RunError, match=f"127.0.0.1:{taken} for gRPC: Address already in use"):
        model_server(model_name="m", model_base_path=half_plus_two, port=taken)
