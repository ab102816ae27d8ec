"""Runs a compiled pipeline as the launcher of Kubeflow Pipelines v2 does, without a cluster.

Each task is a process of its own, started with the command and the arguments of the file. It
sees what a container would see: the inputs, which the launcher has copied from the object
store to `/minio/…`, and what it writes itself; afterwards the launcher copies its outputs to
the store. Followed: backend/src/v2/component/launcher_v2.go of github.com/kubeflow/pipelines.
"""

from __future__ import annotations

import concurrent.futures
import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

# Tasks at a time, as there are cores.
WORKERS = 2


class Launcher:
    """One run of a compiled pipeline.

    Args:
        path: The compiled file.
        folder: Becomes the pods of the run, one folder each.
        store: Client of the object store, with the methods of boto3's S3 client.
        environment: Of all containers, beside what this process has.
        parameters: Values given at submission.
        programs: Folder of the `python` that tasks run.
    """

    def __init__(
        self,
        path: Path,
        folder: Path,
        store: Any,
        environment: Mapping[str, str],
        parameters: Mapping[str, Any],
        programs: Path,
    ):
        # A second document is for Kubernetes.
        self.spec = next(yaml.safe_load_all(path.read_text(encoding="utf-8")))
        self.tasks = self.spec["root"]["dag"]["tasks"]
        self.root = self.spec["defaultPipelineRoot"]
        self.artifacts: dict[tuple[str, str], dict[str, Any]] = {}
        self._folder = folder
        self._store = store
        self._environment = environment
        self._programs = programs
        known = self.spec["root"]["inputDefinitions"]["parameters"]
        assert set(parameters) <= set(known)
        self._parameters = {
            name: parameters.get(name, definition["defaultValue"])
            for name, definition in known.items()
        }

    def run(self) -> None:
        """Runs every task once all tasks that it depends on are done."""
        waiting, running, done = set(self.tasks), {}, set()
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            while waiting or running:
                for name in sorted(waiting):
                    if set(self.tasks[name].get("dependentTasks", ())) <= done:
                        waiting.remove(name)
                        running[pool.submit(self.run_task, name)] = name
                assert running, f"nothing leads to {waiting}"
                for future in concurrent.futures.wait(
                    running, return_when=concurrent.futures.FIRST_COMPLETED
                ).done:
                    future.result()
                    done.add(running.pop(future))

    def run_task(self, name: str) -> None:
        """Runs one task; its inputs must be there."""
        component = self.spec["components"][self.tasks[name]["componentRef"]["name"]]
        executors = self.spec["deploymentSpec"]["executors"]
        container = executors[component["executorLabel"]]["container"]
        pod = self._folder / name
        output_file = pod / "tmp" / "kfp_outputs" / "output_metadata.json"
        inputs = self._inputs(name)
        for artifact in inputs["artifacts"].values():
            self._download(artifact["artifacts"][0]["uri"], pod)
        outputs = {
            key: {
                "artifacts": [
                    {
                        "name": f"{name}/{key}",
                        "uri": f"{self.root}/run/{name}/{key}",
                        "type": definition["artifactType"],
                    }
                ]
            }
            for key, definition in component["outputDefinitions"]["artifacts"].items()
        }
        executor_input = {
            "inputs": inputs,
            "outputs": {"artifacts": outputs, "outputFile": str(output_file)},
        }
        arguments = [
            json.dumps(executor_input) if argument == "{{$}}" else argument
            for argument in container["args"]
        ]
        self._start([*container["command"], *arguments], name, pod)
        written = json.loads(output_file.read_text(encoding="utf-8"))["artifacts"]
        for key, listed in outputs.items():
            (artifact,) = listed["artifacts"]
            (result,) = written[key]["artifacts"]
            assert result["uri"] == artifact["uri"], "the launcher would look elsewhere"
            artifact["metadata"] = result.get("metadata", {})
            self._upload(artifact["uri"], pod)
            self.artifacts[name, key] = artifact

    def _inputs(self, name: str) -> dict[str, Any]:
        given = self.tasks[name].get("inputs", {})
        values = {}
        for key, source in given.get("parameters", {}).items():
            if "componentInputParameter" in source:
                values[key] = self._parameters[source["componentInputParameter"]]
            else:
                values[key] = source["runtimeValue"]["constant"]
        artifacts = {}
        for key, source in given.get("artifacts", {}).items():
            output = source["taskOutputArtifact"]
            made = self.artifacts[output["producerTask"], output["outputArtifactKey"]]
            artifacts[key] = {"artifacts": [made]}
        return {"parameterValues": values, "artifacts": artifacts}

    def _start(self, command: list[str], name: str, pod: Path) -> None:
        environment = {
            **os.environ,
            **self._environment,
            # In the image, `python` is that of the environment with this package.
            "PATH": f"{self._programs}{os.pathsep}{os.environ['PATH']}",
            "REVIEWLENS_MOUNT_ROOT": str(pod),
        }
        pod.mkdir(parents=True, exist_ok=True)
        log = pod / "log.txt"
        with open(log, "a") as stream:
            code = subprocess.run(
                command, cwd=pod, env=environment, stdout=stream, stderr=subprocess.STDOUT
            ).returncode
        assert code == 0, f"{name}\n{log.read_text()[-5000:]}"

    def _download(self, uri: str, pod: Path) -> None:
        bucket, prefix = _bucket_and_key(uri)
        pages = self._store.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for page in pages:
            for found in page.get("Contents", ()):
                target = pod / "minio" / bucket / found["Key"]
                target.parent.mkdir(parents=True, exist_ok=True)
                self._store.download_file(bucket, found["Key"], str(target))

    def _upload(self, uri: str, pod: Path) -> None:
        bucket, prefix = _bucket_and_key(uri)
        here = pod / "minio" / bucket / prefix
        for file in here.rglob("*"):
            if file.is_file():
                key = f"{prefix}/{file.relative_to(here).as_posix()}"
                self._store.upload_file(str(file), bucket, key)


def _bucket_and_key(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("minio://").partition("/")
    return bucket, key
