from __future__ import annotations

import contextlib
import importlib.util
import os
import socket
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the repository."""
    return REPOSITORY


@pytest.fixture(scope="session")
def documents() -> types.ModuleType:
    """What runs the commands of a page; see `documents.py`."""
    spec = importlib.util.spec_from_file_location("documents", HERE / "documents.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def reviewlens(forks):
    """Runs the installed command as a process of its own; returns what it printed.

    It is forked unless it shall be started as a shell does.
    """

    def run(*arguments: object, cwd: Path, expect: int = 0, forked: bool = True) -> str:
        program = (forks if forked else Path(sys.executable).parent) / "reviewlens"
        command = [str(program), *map(str, arguments)]
        # Without a path of its own, it finds what a shell with the venv on it would.
        environment = {**os.environ, "COLUMNS": "120"}
        outcome = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
        output = outcome.stdout + outcome.stderr
        assert outcome.returncode == expect, output
        return output

    return run


@pytest.fixture(scope="session")
def tested_in():
    """Reads the test split of a run, whose examples have texts alone: by name of each a text."""

    def read(folder: Path) -> list[dict[str, str]]:
        import tensorflow as tf

        (split,) = (folder / "out/pipeline/review-example-gen/examples").glob("*/Split-test")
        rows = []
        for record in tf.data.TFRecordDataset(sorted(map(str, split.iterdir())), "GZIP"):
            features = tf.train.Example.FromString(record.numpy()).features.feature
            rows.append({name: of.bytes_list.value[0].decode() for name, of in features.items()})
        return rows

    return read


@pytest.fixture(scope="session")
def read_page(read_html):
    """Reads the file of a report as a program does."""
    return lambda page: read_html(page.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def clients_of():
    """Serves a pushed model; gives a client of its REST API and one of gRPC."""
    from reviewlens.serving import Client
    from reviewlens.serving.server.server import Server
    from reviewlens.serving.server.settings import ServerSettings

    def free_port() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    @contextlib.contextmanager
    def serve(pushed: Path) -> Iterator[list[Client]]:
        name = pushed.parent.name
        ports = {"rest": free_port(), "grpc": free_port()}
        settings = ServerSettings(
            rest_api_port=ports["rest"],
            port=ports["grpc"],
            model_name=name,
            model_base_path=str(pushed.parent),
        )
        with contextlib.ExitStack() as stack:
            stack.enter_context(Server(settings))
            yield [
                stack.enter_context(Client(f"localhost:{port}", model=name, transport=transport))
                for transport, port in ports.items()
            ]

    return serve


@pytest.fixture(scope="module")
def object_store(object_store_environment):
    """An object store with a bucket `reviews`: its `client` and `environment`."""
    import boto3

    client = boto3.client(
        "s3",
        endpoint_url=object_store_environment["AWS_ENDPOINT_URL"],
        aws_access_key_id=object_store_environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=object_store_environment["AWS_SECRET_ACCESS_KEY"],
        region_name=object_store_environment["AWS_DEFAULT_REGION"],
    )
    client.create_bucket(Bucket="reviews")
    yield types.SimpleNamespace(client=client, environment=object_store_environment)
    # The server outlives the module: what one has pushed is no baseline of the next.
    for page in client.get_paginator("list_objects_v2").paginate(Bucket="reviews"):
        for found in page.get("Contents", ()):
            client.delete_object(Bucket="reviews", Key=found["Key"])


@pytest.fixture(scope="session")
def kfp_launcher():
    """The class that runs compiled pipelines; see `kfp_launcher.py`."""
    spec = importlib.util.spec_from_file_location("kfp_launcher", HERE / "kfp_launcher.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Launcher


@pytest.fixture
def run_compiled(reviewlens, forks, object_store, kfp_launcher):
    """Compiles `config.yaml` of a folder and runs its tasks; returns the launcher.

    Takes the folder, overrides of the configuration, whether the tasks are forked or started as
    the file says, and parameters of the submission. Models are pushed to the object store's
    `reviews/serving`, encoders to `reviews/encoder`.
    """

    def run(
        folder: Path,
        *overrides: str,
        forked: bool = True,
        pushed_under: str = "serving",
        **parameters: str,
    ):
        reviewlens(
            *("compile", "config.yaml", *overrides),
            *("--image", "registry.example.com/reviewlens:1", "--output", "pipeline.yaml"),
            *("--pipeline-root", "minio://reviews/artifacts"),
            cwd=folder,
        )
        launcher = kfp_launcher(
            folder / "pipeline.yaml",
            folder / "pods",
            object_store.client,
            object_store.environment,
            {f"{pushed_under}_dir": f"minio://reviews/{pushed_under}", **parameters},
            forks if forked else Path(sys.executable).parent,
        )
        launcher.run()
        return launcher

    return run


@pytest.fixture
def fetch_pushed(object_store):
    """Copies a version from `reviews/serving` of the object store into a folder; its path."""

    def fetch(version: str, folder: Path, pushed_under: str = "serving") -> Path:
        store, prefix = object_store.client, f"{pushed_under}/{version}/"
        there = store.list_objects_v2(Bucket="reviews", Prefix=prefix)["Contents"]
        for found in there:
            target = folder / found["Key"].removeprefix(f"{pushed_under}/")
            target.parent.mkdir(parents=True, exist_ok=True)
            store.download_file("reviews", found["Key"], str(target))
        return folder / version

    return fetch
