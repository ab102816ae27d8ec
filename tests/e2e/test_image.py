"""The container image, as far as it can be built without a container engine.

The steps of the Dockerfile run in a fresh folder that stands for the root of the image. Left out
are those that need to be root: installing Debian packages and making the user.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import tarfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

NEEDS_ROOT = ("apt-get", "useradd")
IN_IMAGE = re.compile(r"(?<![\w./-])/(?=(opt|home)/)")
# It takes minutes of work and makes no difference but in speed.
TOO_SLOW = {"UV_COMPILE_BYTECODE"}


class Image:
    """Follows a Dockerfile.

    Attributes:
        root: Folder that stands for the root of the image.
        env: Environment of its processes.
        folder: Their current directory.
        entrypoint: The command that it starts.
        skipped: Steps that need root.
        encoder: Address of the encoder that it was built with.
    """

    def __init__(self, context: Path, root: Path):
        self.root = root
        self.env = dict(os.environ)
        self.folder = root
        self.entrypoint: list[str] = []
        self.skipped: list[str] = []
        self.encoder = ""
        self._context = context
        self._earlier = root.with_name(f"{root.name}-earlier")
        ignored = (context / "pipeline/Dockerfile.dockerignore").read_text().splitlines()
        patterns = [line for line in ignored if line and not line.startswith("#")]
        assert patterns[0] == "*" and patterns[-1] == "**/__pycache__"
        self._wanted = {pattern.removeprefix("!") for pattern in patterns[1:-1]}

    def build(self, **arguments: str) -> None:
        self._arguments = arguments
        text = (self._context / "pipeline/Dockerfile").read_text()
        text = re.sub(r"^#.*\n", "", text, flags=re.M).replace("\\\n", "")
        for line in filter(None, text.splitlines()):
            instruction, _, rest = line.partition(" ")
            getattr(self, f"_{instruction.lower()}")(rest)

    def _from(self, base: str) -> None:
        assert re.fullmatch(r"python:3\.11\.\d+-slim-bookworm( AS environment)?", base)
        self.env = dict(os.environ)
        if self.folder != self.root:
            # Of the stage before, only what is copied from it is there.
            self.root.rename(self._earlier)
            self.root.mkdir()

    def _workdir(self, path: str) -> None:
        self.folder = Path(self._inside(path))
        self.folder.mkdir(parents=True, exist_ok=True)

    def _copy(self, arguments: str) -> None:
        *sources, target = shlex.split(arguments)
        if sources[0].startswith("--from="):
            # Moved, and to where it was: an environment holds paths of its own.
            assert sources[1:] == [target]
            moved = self.root / target.lstrip("/")
            moved.parent.mkdir(parents=True, exist_ok=True)
            (self._earlier / target.lstrip("/")).rename(moved)
            return
        directory = self.folder / self._inside(target)
        directory.mkdir(parents=True, exist_ok=True)
        if sources == ["."]:
            sources = sorted(self._wanted)
        for source in sources:
            assert source.partition("/")[0] in self._wanted, f"{source} is ignored"
            origin = self._context / source
            if origin.is_dir():
                shutil.copytree(
                    origin,
                    directory / source,
                    ignore=shutil.ignore_patterns("__pycache__"),
                    dirs_exist_ok=True,
                )
            else:
                shutil.copy(origin, directory / origin.name)

    def _env(self, pairs: str) -> None:
        for pair in shlex.split(pairs):
            name, _, value = pair.partition("=")
            if name not in TOO_SLOW:
                value = ":".join(map(self._inside, value.split(":")))
                self.env[name] = value.replace("$PATH", self.env["PATH"])

    def _arg(self, pair: str) -> None:
        name, _, default = shlex.split(pair)[0].partition("=")
        self.env[name] = self._arguments.get(name, default)

    def _user(self, name: str) -> None:
        self.env["HOME"] = str(self.root / "home" / name)

    def _run(self, command: str) -> None:
        if any(word in command for word in NEEDS_ROOT):
            self.skipped.append(command)
            return
        command = self._inside(re.sub(r"--mount=\S+ ", "", command))
        subprocess.run(["bash", "-ec", command], cwd=self.folder, env=self.env, check=True)

    def _entrypoint(self, words: str) -> None:
        self.entrypoint = json.loads(words)

    def _inside(self, text: str) -> str:
        return IN_IMAGE.sub(f"{self.root}/", text)

    def start(self, *arguments: str, **env: str) -> subprocess.CompletedProcess:
        """Runs the entry point as a container would."""
        program = shutil.which(self.entrypoint[0], path=self.env["PATH"])
        return subprocess.run(
            [program, *self.entrypoint[1:], *arguments],
            cwd=self.folder,
            env={**self.env, **env},
            capture_output=True,
            text=True,
        )


@pytest.fixture(scope="module")
def image(tmp_path_factory, repository, tiny_encoder):
    """The image with an encoder in it, whose address nobody serves any more."""
    with tarfile.open(tmp_path_factory.mktemp("served") / "encoder.tar.gz", "w:gz") as archive:
        archive.add(tiny_encoder, ".")
    serve = partial(SimpleHTTPRequestHandler, directory=os.path.dirname(archive.name))
    root = tmp_path_factory.mktemp("image")
    built = Image(repository, root)
    with ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        built.encoder = f"http://127.0.0.1:{server.server_port}/encoder.tar.gz"
        built.build(ENCODER=built.encoder)
        server.shutdown()
    yield built
    # Three gigabytes, which pytest would keep for a while.
    for folder in root.parent.glob(f"{root.name}*"):
        shutil.rmtree(folder)


def test_the_image_holds_the_package_and_nothing_else_of_the_repository(image):
    program = "import os, reviewlens as it, sys; print(os.path.realpath(it.__file__), sys.prefix)"
    outcome = subprocess.run(
        ["python", "-c", program],
        cwd=image.folder,
        env=image.env,
        executable=shutil.which("python", path=image.env["PATH"]),
        capture_output=True,
        text=True,
        check=True,
    )

    copied = image.root / "opt/reviewlens"
    assert outcome.stdout.split() == [str(copied / "__init__.py"), str(image.root / "opt/venv")]
    assert (copied / "pipeline/kubeflow/entrypoint.py").is_file()
    left_out = {".git", ".venv", "tests", "benchmarks", "runs"}
    assert not left_out & {path.name for path in copied.iterdir()}
    assert len(image.skipped) == 2


def test_a_task_takes_the_encoder_of_the_image_to_the_object_stores_folder(image, tmp_path):
    uri = "minio://mlpipeline/v2/artifacts/shoes/encoder-fetcher/model"
    output_file = tmp_path / "kfp_outputs" / "output_metadata.json"
    artifact = {"name": "model", "type": {"schemaTitle": "tfx.Model"}, "uri": uri}
    executor_input = {
        "inputs": {"parameterValues": {"encoder": image.encoder}},
        "outputs": {
            "artifacts": {"model": {"artifacts": [artifact]}},
            "outputFile": str(output_file),
        },
    }

    outcome = image.start(
        "--executor_class_path=reviewlens.components.encoder_fetcher.Executor",
        "--json_serialized_invocation_args",
        json.dumps(executor_input),
        "--json_serialized_inputs_spec_args",
        json.dumps({"parameters": {"encoder": {"parameterType": "STRING"}}}),
        REVIEWLENS_MOUNT_ROOT=str(tmp_path),
    )

    assert outcome.returncode == 0, outcome.stderr
    model = tmp_path / uri.replace("://", "/")
    facts = json.loads((model / "encoder.json").read_text())
    assert facts["hidden_size"] == 16
    assert (model / "Format-Serving" / "saved_model.pb").is_file()
    (made,) = json.loads(output_file.read_text())["artifacts"]["model"]["artifacts"]
    assert made["uri"] == uri
    assert made["metadata"]["sha256"] == facts["sha256"]


def test_a_failing_task_says_why_in_its_last_line(image):
    outcome = image.start("--executor_class_path=reviewlens.components.encoder_fetcher.Executor")

    assert outcome.returncode == 2
    assert outcome.stderr.splitlines()[-1].startswith("error: ")
