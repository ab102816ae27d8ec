from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the repository."""
    return REPOSITORY


@pytest.fixture(scope="session")
def reviewlens():
    """Runs the installed command as a process of its own; returns what it printed."""
    command = Path(sys.executable).with_name("reviewlens")

    def run(*arguments: object, cwd: Path, expect: int = 0) -> str:
        outcome = subprocess.run(
            [str(command), *map(str, arguments)],
            cwd=cwd,
            # Without a path of its own, it finds what a shell with the venv on it would.
            env={**os.environ, "COLUMNS": "120"},
            capture_output=True,
            text=True,
        )
        output = outcome.stdout + outcome.stderr
        assert outcome.returncode == expect, output
        return output

    return run


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
    return types.SimpleNamespace(client=client, environment=object_store_environment)


@pytest.fixture(scope="session")
def kfp_launcher():
    """The class that runs compiled pipelines; see `kfp_launcher.py`."""
    spec = importlib.util.spec_from_file_location("kfp_launcher", HERE / "kfp_launcher.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Launcher
