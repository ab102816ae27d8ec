from __future__ import annotations

import hashlib
import http.server
import json
import re
import shutil
import subprocess
import threading
import types
from pathlib import Path

import httpx
import pytest
import tensorflow as tf
import tensorflow_text
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from kubernetes.client import ApiClient
from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

from reviewlens.errors import RunError, UsageError
from reviewlens.pipeline.cli import main
from reviewlens.serving.config_protos import BatchingParameters, MonitoringConfig
from reviewlens.serving.deployment.compatibility import (
    check_image,
    may_be_split,
    oldest_release,
    operations_of,
)
from reviewlens.serving.deployment.export import export_deployment
from reviewlens.serving.deployment.pushed_model import PushedModel, find_pushed_model
from reviewlens.serving.deployment.settings import Deployment
from reviewlens.serving.server.text_files import parse_text_file

FILES = {
    "models.config",
    "batching_parameters.txt",
    "monitoring.config",
    "compose.yaml",
    "kubernetes/configmap.yaml",
    "kubernetes/volume.yaml",
    "kubernetes/deployment.yaml",
    "kubernetes/service.yaml",
    "kubernetes/hpa.yaml",
    "kserve/inferenceservice.yaml",
}
KUBERNETES_TYPES = {
    "configmap": "V1ConfigMap",
    "volume": "V1PersistentVolumeClaim",
    "deployment": "V1Deployment",
    "service": "V1Service",
    "hpa": "V2HorizontalPodAutoscaler",
}
# RFC 1035, which names of services must follow.
DNS_LABEL = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
LABEL_VALUE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,120}", fullmatch=True)


@pytest.fixture(scope="module")
def pushed(tmp_path_factory) -> str:
    """Base path of a model that halves and adds two, with the versions 2 and 10."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, "x")], autograph=False)
    def predict(x):
        return {"y": x / 2 + 2}

    base = tmp_path_factory.mktemp("pushed") / "half_plus.Two"
    tf.saved_model.save(tf.Module(), str(base / "2"), signatures={"serving_default": predict})
    shutil.copytree(base / "2", base / "10")
    (base / ".11.partial").mkdir()
    return str(base)


@pytest.fixture
def export(pushed, tmp_path):
    """Exports that model by any name; returns the folder of the files."""

    def export(name="half_plus.Two", **options) -> Path:
        options.setdefault("base_path", f"/models/{name}")
        deployment = Deployment(find_pushed_model(pushed), name, **options)
        assert set(export_deployment(deployment, str(tmp_path / "deploy"))) == FILES
        return tmp_path / "deploy"

    return export


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def manifest(folder: Path, name: str) -> dict:
    return yaml.safe_load((folder / "kubernetes" / f"{name}.yaml").read_text())


def test_the_text_protos_are_what_the_server_reads(export):
    folder = export(cpus=3)
    models = parse_text_file(str(folder / "models.config"), ModelServerConfig)
    (model,) = models.model_config_list.config
    assert (model.name, model.base_path, model.model_platform) == (
        "half_plus.Two",
        "/models/half_plus.Two",
        "tensorflow",
    )
    monitoring = parse_text_file(str(folder / "monitoring.config"), MonitoringConfig)
    assert monitoring.prometheus_config.enable
    assert monitoring.prometheus_config.path == "/monitoring/prometheus/metrics"


def test_batching_follows_the_servers_rules(export):
    path = export(cpus=3) / "batching_parameters.txt"
    batching = parse_text_file(str(path), BatchingParameters)
    assert batching.num_batch_threads.value == 3
    assert batching.enable_large_batch_splitting.value
    assert 0 < batching.max_execution_batch_size.value <= batching.max_batch_size.value
    assert not batching.allowed_batch_sizes
    # A whole request must fit into the queue of a server that has nothing else to do.
    rows = batching.max_enqueued_batches.value * batching.max_execution_batch_size.value
    assert rows >= batching.max_batch_size.value


def test_what_answers_in_any_width_is_not_split(pushed, tmp_path):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32, "x")], autograph=False)
    def spread(x):
        return {"y": tf.sequence_mask(x)}

    tf.saved_model.save(tf.Module(), str(tmp_path / "m/1"), signatures={"serving_default": spread})
    assert may_be_split(f"{pushed}/2") and not may_be_split(str(tmp_path / "m/1"))
    model = find_pushed_model(str(tmp_path / "m"))
    export_deployment(Deployment(model, "m", "/models/m"), str(tmp_path / "deploy"))
    path = tmp_path / "deploy/batching_parameters.txt"
    batching = parse_text_file(str(path), BatchingParameters)
    assert not batching.HasField("enable_large_batch_splitting")
    assert not batching.HasField("max_execution_batch_size")
    assert batching.max_batch_size.value >= 1000


@settings(deadline=None)
@given(
    name=NAMES,
    base_path=st.text(
        st.characters(exclude_characters=":", exclude_categories=["Cs", "Cc"]), min_size=1
    ).map(lambda text: f"/{text.strip('/')}x"),
)
def test_any_name_and_path_survive(pushed, tmp_path_factory, name, base_path):
    folder = tmp_path_factory.mktemp("any")
    model = PushedModel(pushed, "2")
    export_deployment(Deployment(model, name, base_path), str(folder))
    models = parse_text_file(str(folder / "models.config"), ModelServerConfig)
    (config,) = models.model_config_list.config
    assert (config.name, config.base_path) == (name, base_path)
    container = manifest(folder, "deployment")["spec"]["template"]["spec"]["containers"][0]
    assert base_path in {mount["mountPath"] for mount in container["volumeMounts"]}
    for service in yaml.safe_load((folder / "compose.yaml").read_text())["services"].values():
        assert service["volumes"][-1]["target"].replace("$$", "$") == base_path


@pytest.mark.parametrize("name", KUBERNETES_TYPES)
def test_a_manifest_holds_only_what_the_api_knows(export, name):
    document = manifest(export(), name)
    client = ApiClient()
    response = types.SimpleNamespace(data=json.dumps(document))
    parsed = client.deserialize(response, KUBERNETES_TYPES[name])
    # Unknown fields are lost on the way, and wrong types change.
    assert client.sanitize_for_serialization(parsed) == document


@settings(deadline=None)
@given(name=NAMES)
def test_names_and_labels_are_valid_for_any_model(pushed, tmp_path_factory, name):
    folder = tmp_path_factory.mktemp("names")
    model = PushedModel(pushed, "2")
    export_deployment(Deployment(model, name, "/m"), str(folder))
    for path in [*folder.glob("kubernetes/*.yaml"), *folder.glob("kserve/*.yaml")]:
        metadata = yaml.safe_load(path.read_text())["metadata"]
        assert DNS_LABEL.fullmatch(metadata["name"]), metadata
        assert all(map(LABEL_VALUE.fullmatch, metadata["labels"].values())), metadata
    # KServe makes a host name of both.
    assert DNS_LABEL.fullmatch(f"{metadata['name']}-predictor-default")


def test_selectors_ports_and_targets_meet(export):
    folder = export()
    deployment, service = manifest(folder, "deployment"), manifest(folder, "service")
    template = deployment["spec"]["template"]
    assert deployment["spec"]["selector"]["matchLabels"] == template["metadata"]["labels"]
    assert service["spec"]["selector"] == template["metadata"]["labels"]
    (container,) = template["spec"]["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"grpc": 8500, "http": 8501}
    assert {p["targetPort"]: p["port"] for p in service["spec"]["ports"]} == ports
    autoscaler = manifest(folder, "hpa")["spec"]
    target = {key: deployment[key] for key in ("apiVersion", "kind")}
    target["name"] = deployment["metadata"]["name"]
    assert autoscaler["scaleTargetRef"] == target
    assert 1 <= autoscaler["minReplicas"] < autoscaler["maxReplicas"]
    # The autoscaler's share is one of the request.
    assert autoscaler["metrics"][0]["resource"]["name"] in container["resources"]["requests"]
    assert "replicas" not in deployment["spec"]


def test_probes_ask_for_the_status_of_the_model(export):
    (container,) = manifest(export(), "deployment")["spec"]["template"]["spec"]["containers"]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"] == {
            "path": "/v1/models/half_plus.Two",
            "port": "http",
        }


def test_every_file_that_a_flag_names_is_mounted(export):
    folder = export()
    pod = manifest(folder, "deployment")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    config = manifest(folder, "configmap")
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
    named = re.findall(r"=(/config/\S+)", " ".join(container["args"]))
    assert {Path(path).name for path in named} == set(config["data"])
    config_volume = volumes[mounts["/config"]["name"]]
    assert config_volume["configMap"]["name"] == config["metadata"]["name"]
    models_mount = mounts["/models/half_plus.Two"]
    assert models_mount["subPath"] == "half_plus.Two"
    claim = volumes[models_mount["name"]]["persistentVolumeClaim"]
    assert claim["claimName"] == manifest(folder, "volume")["metadata"]["name"]
    for name, text in config["data"].items():
        assert (folder / name).read_text().endswith(text)


def test_other_settings_make_other_pods(export):
    def checksum(folder):
        template = manifest(folder, "deployment")["spec"]["template"]
        return template["metadata"]["annotations"]["checksum/config"]

    first, second, third = (checksum(export(cpus=cpus)) for cpus in (2, 4, 2))
    assert first == third != second


def test_a_replica_gets_its_cores_and_room_for_two_versions(export, pushed):
    (container,) = manifest(export(cpus=4), "deployment")["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["requests"] == {"cpu": "4", "memory": "1280Mi"}
    assert "--tensorflow_intra_op_parallelism=4" in container["args"]


def test_memory_grows_with_the_model(pushed, tmp_path):
    version = tmp_path / "1"
    shutil.copytree(Path(pushed, "2"), version)
    with open(version / "variables" / "more", "wb") as file:
        file.truncate(500 * 2**20)
    deployment = Deployment(find_pushed_model(str(tmp_path)), "m", "/m")
    assert deployment.memory == 1024 + 4 * 500 + 256 - (1024 + 4 * 500) % 256


def test_the_local_server_starts_from_the_same_files(export, pushed, model_server):
    folder = export(base_path=pushed)
    server = model_server(
        model_config_file=folder / "models.config",
        enable_batching=True,
        batching_parameters_file=folder / "batching_parameters.txt",
        monitoring_config_file=folder / "monitoring.config",
    )
    model = f"http://{server.rest}/v1/models/half_plus.Two"
    # More rows than one execution takes.
    answer = httpx.post(f"{model}:predict", json={"instances": [2.0] * 100})
    assert answer.json() == {"predictions": [3.0] * 100}
    (status,) = httpx.get(model).json()["model_version_status"]
    assert (status["version"], status["state"]) == ("10", "AVAILABLE")
    assert httpx.get(f"http://{server.rest}/monitoring/prometheus/metrics").status_code == 200
    too_many = httpx.post(f"{model}:predict", json={"instances": [2.0] * 1025})
    assert too_many.status_code == 400


def test_kserve_takes_the_model_and_the_files_of_the_manifests(export):
    folder = export()
    service = yaml.safe_load((folder / "kserve" / "inferenceservice.yaml").read_text())
    predictor = service["spec"]["predictor"]
    model = predictor["model"]
    claim = manifest(folder, "volume")["metadata"]["name"]
    assert model["storageUri"] == f"pvc://{claim}/half_plus.Two"
    assert model["modelFormat"]["name"] == "tensorflow"
    # KServe's own image is older than TF Text's operations.
    assert model["image"] == "tensorflow/serving:2.19.1"
    assert "--model_name=half_plus.Two" in model["args"]
    # The runtime names the model's directory and ports itself.
    assert not {"--model_config_file", "--model_base_path", "--port"} & {
        flag.partition("=")[0] for flag in model["args"]
    }
    (volume,) = predictor["volumes"]
    (mount,) = model["volumeMounts"]
    assert mount["name"] == volume["name"]
    config = manifest(folder, "configmap")
    assert volume["configMap"]["name"] == config["metadata"]["name"]
    named = re.findall(rf"={mount['mountPath']}/(\S+)", " ".join(model["args"]))
    assert named and set(named) <= set(config["data"])


def test_every_path_that_compose_mounts_is_there(export, pushed):
    folder = export()
    (service,) = yaml.safe_load((folder / "compose.yaml").read_text())["services"].values()
    targets = {}
    for volume in service["volumes"]:
        assert volume["read_only"] is True
        assert (folder / volume["source"]).exists()
        targets[volume["target"]] = volume["source"]
    for path in re.findall(r"=(/config/\S+)", " ".join(service["command"])):
        assert path in targets
    assert targets["/models/half_plus.Two"] == pushed


def test_compose_listens_on_this_machine_alone(export):
    (service,) = yaml.safe_load((export() / "compose.yaml").read_text())["services"].values()
    assert service["ports"] == ["127.0.0.1:8500:8500", "127.0.0.1:8501:8501"]


@pytest.mark.parametrize(("state", "healthy"), [("AVAILABLE", True), ("LOADING", False)])
def test_the_health_check_asks_the_server(export, state, healthy):
    class Status(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/v1/models/half_plus.Two" else 404)
            self.end_headers()
            self.wfile.write(f'{{"state": "{state}"}}'.encode())

        def log_message(self, *arguments):
            pass

    (service,) = yaml.safe_load((export() / "compose.yaml").read_text())["services"].values()
    kind, *command = service["healthcheck"]["test"]
    assert kind == "CMD"
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Status) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        command[-1] = command[-1].replace("8501", str(server.server_port))
        outcome = subprocess.run(command, timeout=60)
        server.shutdown()
    assert (outcome.returncode == 0) == healthy


def test_a_copied_model_lies_beside_the_compose_file(export, pushed):
    folder = export(copy_model=True)
    (service,) = yaml.safe_load((folder / "compose.yaml").read_text())["services"].values()
    (source,) = [
        volume["source"]
        for volume in service["volumes"]
        if volume["target"] == "/models/half_plus.Two"
    ]
    assert files_of(folder / source) == {
        f"10/{name}": content for name, content in files_of(Path(pushed, "10")).items()
    }


def test_a_second_export_changes_nothing(export):
    before = files_of(export(copy_model=True))
    assert files_of(export(copy_model=True)) == before


def test_other_settings_replace_what_was_written(export):
    assert "cpu: '2'" in (export() / "kubernetes/deployment.yaml").read_text()
    assert "cpu: '4'" in (export(cpus=4) / "kubernetes/deployment.yaml").read_text()


@pytest.mark.parametrize("path", sorted(FILES))
def test_a_changed_file_stops_all(export, path):
    folder = export()
    with open(folder / path, "a") as file:
        file.write("# mine\n")
    before = files_of(folder)
    with pytest.raises(RunError, match=re.escape(f"{path}: not written by this command, or")):
        export(cpus=8)
    assert files_of(folder) == before


def test_a_foreign_file_stops_all(export, tmp_path):
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "compose.yaml").write_text("services: {}\n")
    with pytest.raises(RunError, match="compose.yaml"):
        export()
    assert set(files_of(tmp_path / "deploy")) == {"compose.yaml"}


def test_a_folder_in_the_way_stops_all(export, tmp_path):
    (tmp_path / "deploy" / "models.config").mkdir(parents=True)
    with pytest.raises(RunError, match="models.config"):
        export()
    assert files_of(tmp_path / "deploy") == {}


def test_the_first_line_tells_what_was_written(export):
    for name, content in files_of(export()).items():
        first, rest = content.split(b"\n", 1)
        assert first.startswith(b"# Written by `reviewlens export-serving`"), name
        assert first.endswith(hashlib.sha256(rest).hexdigest().encode()), name


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "a/b"}, "'a/b' cannot be the name"),
        ({"name": ""}, "'' cannot be the name"),
        ({"base_path": "models"}, "base path 'models': give an absolute path such as /models/m"),
        ({"base_path": "/a:b"}, "base path"),
        ({"image": "two words"}, "image 'two words': give an image such as tensorflow/serving"),
        ({"cpus": 0}, "0 CPUs: give 1 or more"),
    ],
)
def test_a_setting_that_cannot_be_right_is_refused(pushed, options, message):
    settings = {"name": "m", "base_path": "/models/m", **options}
    with pytest.raises(UsageError, match=re.escape(message)):
        Deployment(PushedModel(pushed, "2"), **settings)


@pytest.mark.parametrize(
    "image",
    [
        "tensorflow/serving:2.19.1",
        "registry.example.com:5000/team/serving:v1",
        "serving",
        "tensorflow/serving@sha256:" + "0" * 64,
    ],
)
def test_any_image_can_be_named(pushed, image):
    assert Deployment(PushedModel(pushed, "2"), "m", "/m", image=image).image == image


def test_the_highest_version_is_found(pushed):
    assert find_pushed_model(pushed) == PushedModel(pushed, "10")


def test_a_version_can_be_given(pushed, monkeypatch):
    monkeypatch.chdir(pushed)
    assert find_pushed_model("2/") == PushedModel(pushed, "2")


def test_what_is_no_pushed_model_is_refused(pushed, tmp_path):
    (tmp_path / "empty").mkdir()
    shutil.copytree(Path(pushed, "2"), tmp_path / "export")
    for name, message in {
        "none": "no such directory",
        "empty": "holds no model",
        "export": r"only sees directories whose name is a number; move it to .*export/1",
    }.items():
        with pytest.raises(RunError, match=message):
            find_pushed_model(str(tmp_path / name))
    with pytest.raises(RunError, match="is not on this machine"):
        find_pushed_model("gs://bucket/model")


def test_the_exported_model_runs_from_2_12_on(served):
    assert "FastBertNormalize" in operations_of(served.directory)
    assert oldest_release(served.directory) == (2, 12)


def test_an_operation_of_a_later_release_is_found_inside_a_function(tmp_path):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "text")], autograph=False)
    def trim(text):
        words = tensorflow_text.WhitespaceTokenizer().tokenize(text)
        (trimmed,) = tensorflow_text.RoundRobinTrimmer(3).trim([words])
        return {"words": trimmed.to_tensor("")}

    tf.saved_model.save(tf.Module(), str(tmp_path), signatures={"serving_default": trim})
    assert "TFText>RoundRobinTrim" in operations_of(str(tmp_path))
    assert oldest_release(str(tmp_path)) == (2, 20)


def test_an_operation_that_no_server_has_is_named(pushed, tmp_path):
    saved = (Path(pushed, "2") / "saved_model.pb").read_bytes()
    assert saved.count(b"AddV2") >= 1
    (tmp_path / "saved_model.pb").write_bytes(saved.replace(b"AddV2", b"MyAdd"))
    with pytest.raises(RunError, match="no release of TensorFlow Serving .* MyAdd;"):
        oldest_release(str(tmp_path))


def test_a_part_of_a_model_is_refused(pushed, tmp_path):
    saved = (Path(pushed, "2") / "saved_model.pb").read_bytes()
    (tmp_path / "saved_model.pb").write_bytes(saved[: len(saved) // 2])
    with pytest.raises(RunError, match="is no SavedModel, or only a part of one"):
        oldest_release(str(tmp_path))


@pytest.mark.parametrize(
    ("image", "refused"),
    [
        ("tensorflow/serving:2.19.1", True),
        ("tensorflow/serving:2.9.0-gpu", True),
        ("localhost:5000/serving:2.11", True),
        ("tensorflow/serving:2.20.0", False),
        ("tensorflow/serving:3.0.0", False),
        ("tensorflow/serving:latest-gpu", False),
        ("localhost:2.1/serving", False),
    ],
)
def test_an_image_that_is_too_old_is_refused(image, refused):
    if refused:
        with pytest.raises(RunError, match="needs TensorFlow Serving 2.20 or later"):
            check_image(image, (2, 20))
    else:
        check_image(image, (2, 20))


def test_the_command_exports_the_model_of_a_configuration(pushed, tmp_path, capfd):
    shutil.copytree(pushed, tmp_path / "run" / "serving" / "shoes")
    config = tmp_path / "shoes.yaml"
    config.write_text(
        f"name: shoes\noutput: {tmp_path}/run\n"
        "data: {input: r.csv, text: [t], label: l, classes: {a: [1], b: [2]}}\n"
    )
    assert main(["export-serving", str(config), "--output", str(tmp_path / "d")]) == 0
    out = capfd.readouterr().out
    assert f"{tmp_path}/d: 10 files for shoes, version 10\n" in out
    assert "the model needs TensorFlow Serving 2.12 or later\n" in out
    assert set(files_of(tmp_path / "d")) == FILES


def test_without_a_configuration_a_model_is_named_after_its_directory(pushed, tmp_path, capfd):
    arguments = ["--model", f"{pushed}/2", "--output", str(tmp_path / "d")]
    assert main(["export-serving", *arguments, "--base-path", pushed]) == 0
    assert "for half_plus.Two, version 2\n" in capfd.readouterr().out
    models = parse_text_file(str(tmp_path / "d" / "models.config"), ModelServerConfig)
    assert models.model_config_list.config[0].base_path == pushed


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "give either CONFIG.yaml or --model DIR"),
        (["a.yaml", "--model", "m"], 2, "give either CONFIG.yaml or --model DIR"),
        (["--model", "MODEL", "--name", "a b"], 2, "'a b' cannot be the name"),
        (["--model", "none"], 1, "none: no such directory"),
        (["--model", "MODEL", "--image", "tensorflow/serving:2.6.2"], 1, "needs TensorFlow"),
    ],
)
def test_the_command_says_what_cannot_be_done(pushed, tmp_path, capfd, arguments, code, message):
    arguments = [pushed if word == "MODEL" else word for word in arguments]
    output = tmp_path / "d"
    assert main(["export-serving", *arguments, "--output", str(output)]) == code
    assert message in capfd.readouterr().err
    assert not output.exists()
