"""The entry point of a task's container, on what the launcher of Kubeflow Pipelines gives it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from reviewlens.pipeline.kubeflow import entrypoint

HERE = Path(__file__).parent
ROOT = "minio://mlpipeline/v2/artifacts/shoes/run-1"
AWS = (
    "AWS_ENDPOINT_URL",
    "AWS_REQUEST_CHECKSUM_CALCULATION",
    "AWS_RESPONSE_CHECKSUM_VALIDATION",
)


@pytest.fixture
def task(tmp_path, monkeypatch):
    """A task of the probe: `executor_input`, its `arguments` and what came out of it."""
    monkeypatch.setenv("REVIEWLENS_MOUNT_ROOT", str(tmp_path))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    for variable in AWS:
        # First set, so that what the entry point sets is taken back.
        monkeypatch.setenv(variable, "")
        monkeypatch.delenv(variable)
    monkeypatch.syspath_prepend(HERE)
    return Task(tmp_path)


class Task:
    def __init__(self, mount_root: Path):
        self.mount_root = mount_root
        self.executor = "probe.Executor"
        self.output_file = mount_root / "kfp_outputs" / "output_metadata.json"
        self.executor_input = {
            "inputs": {
                "parameterValues": {"mood": "fine", "epochs": 2},
                "artifacts": {
                    "blessing": _artifact(
                        "ModelBlessing", f"{ROOT}/evaluator/blessing", blessed=1, reason="fit"
                    ),
                    "schema": _artifact("Schema", "s3://elsewhere/schema"),
                    "examples": _artifact("Examples", "gs://bucket/examples"),
                },
            },
            "outputs": {
                "artifacts": {"model": _artifact("Model", f"{ROOT}/probe/model")},
                "outputFile": str(self.output_file),
            },
        }

    @property
    def arguments(self) -> list[str]:
        spec = {"parameters": {"mood": _typed("STRING"), "epochs": _typed("NUMBER_INTEGER")}}
        return [
            f"--executor_class_path={self.executor}",
            "--json_serialized_invocation_args",
            json.dumps(self.executor_input),
            "--json_serialized_inputs_spec_args",
            json.dumps(spec),
            "--runner=FnApiRunner",
        ]

    @property
    def seen(self) -> dict:
        (file,) = self.mount_root.rglob("seen.json")
        return json.loads(file.read_text())

    @property
    def results(self) -> dict:
        return json.loads(self.output_file.read_text())


def _artifact(kind: str, uri: str, **metadata) -> dict:
    schema = {"schemaTitle": f"tfx.{kind}", "schemaVersion": "0.0.1"}
    return {"artifacts": [{"name": kind, "type": schema, "uri": uri, "metadata": metadata}]}


def _typed(kind: str) -> dict:
    return {"parameterType": kind}


def test_the_executor_sees_paths_and_the_launcher_addresses(task):
    assert entrypoint.main(task.arguments) == 0

    local = f"{task.mount_root}/minio/mlpipeline/v2/artifacts/shoes/run-1"
    assert task.seen["inputs"] == {
        "blessing": [f"{local}/evaluator/blessing"],
        "schema": [f"{task.mount_root}/s3/elsewhere/schema"],
        "examples": [f"{task.mount_root}/gcs/bucket/examples"],
    }
    assert task.seen["outputs"] == {"model": [f"{local}/probe/model"]}
    (model,) = task.results["artifacts"]["model"]["artifacts"]
    assert model["uri"] == f"{ROOT}/probe/model"
    assert model["metadata"]["made_by"] == "probe"


def test_an_executor_that_uses_beam_reads_google_cloud_storage_itself(task):
    task.executor = "probe.BeamExecutor"

    assert entrypoint.main(task.arguments) == 0

    assert task.seen["inputs"]["examples"] == ["gs://bucket/examples"]
    assert task.seen["inputs"]["schema"] == [f"{task.mount_root}/s3/elsewhere/schema"]


def test_the_executor_sees_parameters_properties_and_flags(task):
    assert entrypoint.main(task.arguments) == 0

    assert task.seen["parameters"] == {"mood": "fine", "epochs": 2}
    assert isinstance(task.seen["parameters"]["epochs"], int)
    assert (task.seen["blessed"], task.seen["reason"]) == (1, "fit")
    assert task.seen["flags"] == ["--runner=FnApiRunner"]
    assert task.seen["backend"] == "tensorflow"
    assert task.seen["endpoint"] is None


@pytest.mark.parametrize("host", ["minio-service.kubeflow", "seaweedfs.kubeflow"])
def test_a_parameter_of_the_clusters_store_is_reached_as_s3(task, monkeypatch, host):
    monkeypatch.setattr(socket, "getaddrinfo", knowing(host))
    parameters = task.executor_input["inputs"]["parameterValues"]
    parameters |= {"input": "minio://data/reviews.csv", "note": "not minio://data"}

    assert entrypoint.main(task.arguments) == 0

    assert task.seen["parameters"]["input"] == "s3://data/reviews.csv"
    assert task.seen["parameters"]["note"] == "not minio://data"
    assert task.seen["endpoint"] == f"http://{host}:9000"


def test_a_cluster_without_a_store_of_its_own_is_one_line(task, monkeypatch, capsys):
    monkeypatch.setattr(socket, "getaddrinfo", knowing("elsewhere"))
    task.executor_input["inputs"]["parameterValues"]["input"] = "minio://data/reviews.csv"

    assert entrypoint.main(task.arguments) == 1

    said = capsys.readouterr().err
    assert said.startswith(
        "error: input: minio://data/reviews.csv: the cluster has no object store"
    )
    assert "set AWS_ENDPOINT_URL" in said
    assert said.count("\n") == 1


def knowing(known: str):
    """A resolver for a cluster with one service."""

    def resolve(host, *arguments, **options):
        if host != known:
            raise socket.gaierror(f"{host}: Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 9000))]

    return resolve


def test_an_endpoint_that_is_set_stays(task, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://store:8333")
    task.executor_input["inputs"]["parameterValues"]["input"] = "minio://data/reviews.csv"

    assert entrypoint.main(task.arguments) == 0

    assert task.seen["endpoint"] == "http://store:8333"


@pytest.mark.parametrize("scheme", ["minio", "s3"])
def test_missing_credentials_are_one_line_at_once(task, monkeypatch, tmp_path, capsys, scheme):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://store:9000")
    task.executor_input["inputs"]["parameterValues"]["input"] = f"{scheme}://data/reviews.csv"

    assert entrypoint.main(task.arguments) == 1

    said = capsys.readouterr().err
    assert said.startswith("error: input: s3://data/reviews.csv: no credentials")
    assert said.count("\n") == 1


def test_an_output_folder_that_cannot_be_made_is_one_line(task, capsys):
    (task.mount_root / "minio").write_text("in the way")

    assert entrypoint.main(task.arguments) == 1

    said = capsys.readouterr().err
    assert said.startswith(f"error: {task.mount_root}/minio/mlpipeline/")
    assert "REVIEWLENS_MOUNT_ROOT" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("flag", "value", "said"),
    [
        ("--executor_class_path", None, "required: --executor_class_path"),
        ("--json_serialized_invocation_args", None, "required: --json_serialized_invocation_args"),
        ("--json_serialized_invocation_args", "{{$}}", "is no ExecutorInput in JSON"),
        ("--json_serialized_invocation_args", '{"inputs": 3}', "is no ExecutorInput in JSON"),
        ("--json_serialized_invocation_args", "[]", "there is no outputs.outputFile"),
        ("--json_serialized_invocation_args", "{}", "there is no outputs.outputFile"),
        ("--json_serialized_inputs_spec_args", "{", "is no ComponentInputsSpec in JSON"),
    ],
)
def test_wrong_arguments_are_one_line_and_exit_code_2(task, capsys, flag, value, said):
    arguments = {
        "--executor_class_path": "probe.Executor",
        "--json_serialized_invocation_args": json.dumps(task.executor_input),
        "--json_serialized_inputs_spec_args": "{}",
        flag: value,
    }

    code = entrypoint.main([f"{f}={v}" for f, v in arguments.items() if v is not None])

    printed = capsys.readouterr().err
    assert code == 2
    assert printed.startswith("error: ") and said in printed
    assert printed.count("\n") == 1


def test_a_foreseen_error_is_one_line_without_a_traceback(task):
    task.executor_input["inputs"]["parameterValues"]["mood"] = "foreseen"

    outcome = subprocess.run(
        [sys.executable, "-m", "reviewlens.pipeline.kubeflow.entrypoint", *task.arguments],
        env={**os.environ, "PYTHONPATH": str(HERE)},
        cwd=task.mount_root,
        capture_output=True,
        text=True,
    )

    assert outcome.returncode == 1
    assert "Starting executor" in outcome.stderr, "what TFX logs is not in the pod's log"
    assert outcome.stderr.splitlines()[-1] == "error: reviews.csv: no such file"
    assert "Traceback" not in outcome.stderr
    assert not task.output_file.exists()


def test_an_unforeseen_error_keeps_its_traceback(task, capsys):
    task.executor_input["inputs"]["parameterValues"]["mood"] = "unforeseen"

    assert entrypoint.main(task.arguments) == 1

    said = capsys.readouterr().err
    assert "Traceback" in said and "probe.py" in said
    assert said.splitlines()[-1] == "error: ZeroDivisionError: by the probe"
