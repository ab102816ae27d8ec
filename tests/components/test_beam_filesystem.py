"""`s3://` through TFX's file functions, on a real server of the S3 interface."""

from __future__ import annotations

import bz2
import gzip
import json
import os
from pathlib import Path

import boto3
import pytest
from tfx.dsl.io import fileio
from tfx.types import standard_artifacts
from tfx.utils import io_utils

from reviewlens.components import beam_filesystem, list_files
from reviewlens.components.pusher import Executor
from reviewlens.components.review_example_gen.settings import DataSettings
from reviewlens.files import open_file
from reviewlens.pipeline.kubeflow import entrypoint

MODEL = {
    "saved_model.pb": b"graph",
    "variables/variables.index": b"index",
    "variables/variables.data-00000-of-00001": b"weights",
    "assets/vocab.txt": b"[PAD]\n",
    "assets.extra/empty": b"",
}
PUSHED = (*MODEL, "model_card.md")
CSV = "Review,Rating\n" + "".join(f'"Fits, number {n}",{1 + n % 5}\n' for n in range(300))


@pytest.fixture
def bucket(object_store_environment, monkeypatch):
    """An empty bucket of the object store, which the environment leads to."""
    for variable, value in object_store_environment.items():
        monkeypatch.setenv(variable, value)
    beam_filesystem.register_object_stores()
    store = boto3.resource("s3").Bucket("reviews")
    store.create()
    yield store
    store.objects.delete()
    store.delete()


def keys(bucket) -> list[str]:
    return sorted(found.key for found in bucket.objects.all())


def put(bucket, *names: str) -> None:
    for name in names:
        bucket.put_object(Key=name, Body=name.encode())


@pytest.mark.parametrize("content", [b"", b"\x00\xff\r\n", os.urandom(11 << 20)])
def test_bytes_come_back(bucket, content):
    with fileio.open("s3://reviews/a/file.gz", "wb") as file:
        file.write(content)

    with fileio.open("s3://reviews/a/file.gz", "rb") as file:
        assert file.read() == content
    assert fileio.stat("s3://reviews/a/file.gz").length == len(content)


def test_text_comes_back_line_by_line(bucket):
    with fileio.open("s3://reviews/text", "w") as file:
        file.write("größer\n")
        file.write("als\n")

    with fileio.open("s3://reviews/text") as file:
        assert list(file) == ["größer\n", "als\n"]


def test_a_folder_is_there_as_long_as_something_lies_in_it(bucket):
    put(bucket, "a/b/c", "ab")

    assert fileio.isdir("s3://reviews/a") and fileio.isdir("s3://reviews/a/")
    assert fileio.isdir("s3://reviews") and fileio.exists("s3://reviews/")
    assert fileio.exists("s3://reviews/a/b/c") and not fileio.isdir("s3://reviews/a/b/c")

    fileio.remove("s3://reviews/a/b/c")
    assert not fileio.exists("s3://reviews/a")
    fileio.makedirs("s3://reviews/a")
    assert not fileio.exists("s3://reviews/a")


def test_a_listing_names_direct_children(bucket):
    put(bucket, "m/1/saved_model.pb", "m/1/assets/x", "m/2/saved_model.pb", "m/note", "m2/3", "m/")

    assert fileio.listdir("s3://reviews/m") == ["1", "2", "note"]
    assert fileio.listdir("s3://reviews") == ["m", "m2"]


def test_a_pattern_does_not_go_beyond_a_slash(bucket):
    put(bucket, "a/x-1", "a/x-2", "a/y", "a/x-3/deep", "b/")

    assert fileio.glob("s3://reviews/a/x-*") == [f"s3://reviews/a/x-{n}" for n in (1, 2, 3)]
    assert fileio.glob("s3://reviews/*/x-?/d*") == ["s3://reviews/a/x-3/deep"]
    assert fileio.glob("s3://reviews/a/y") == ["s3://reviews/a/y"]
    assert fileio.glob("s3://reviews/none/*") == fileio.glob("s3://reviews/b/*") == []


@pytest.mark.parametrize("topdown", [True, False])
def test_a_walk_is_that_of_the_same_files_on_disk(bucket, tmp_path, topdown):
    names = ["top", "a/b/c", "a/d", "e/f/g/h"]
    put(bucket, *names)
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    def steps(walk, root):
        found = [(f.removeprefix(root), sorted(d), sorted(n)) for f, d, n in walk]
        order = [folder for folder, _, _ in found]
        parents_first = all(
            order.index(folder.rpartition("/")[0]) < order.index(folder)
            for folder in order
            if folder
        )
        assert parents_first == topdown
        return sorted(found)

    assert steps(fileio.walk("s3://reviews", topdown), "s3://reviews") == steps(
        os.walk(tmp_path, topdown), str(tmp_path)
    )
    assert list(fileio.walk("s3://reviews/none")) == []


@pytest.mark.parametrize(
    "operation",
    [
        lambda path: fileio.open(path),
        lambda path: fileio.open(path, "rb"),
        lambda path: fileio.copy(path, "s3://reviews/elsewhere"),
        lambda path: fileio.rename(path, "s3://reviews/elsewhere"),
        fileio.listdir,
        fileio.remove,
        fileio.rmtree,
        fileio.stat,
    ],
)
def test_what_is_not_there_is_not_found(bucket, operation):
    with pytest.raises(fileio.NotFoundError):
        operation("s3://reviews/none")

    assert keys(bucket) == []


@pytest.mark.parametrize("operation", [fileio.copy, fileio.rename])
def test_nothing_is_overwritten_unasked(bucket, operation):
    put(bucket, "new", "old")

    with pytest.raises(OSError, match="s3://reviews/old: is there already"):
        operation("s3://reviews/new", "s3://reviews/old")
    operation("s3://reviews/new", "s3://reviews/old", overwrite=True)

    assert bucket.Object("old").get()["Body"].read() == b"new"


def test_an_object_is_not_opened_for_appending(bucket):
    with pytest.raises(ValueError, match="s3://reviews/log"):
        fileio.open("s3://reviews/log", "a")


def test_a_folder_goes_there_and_back(bucket, tmp_path):
    for name, content in MODEL.items():
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(content)

    io_utils.copy_dir(str(tmp_path / "in"), "s3://reviews/there")
    fileio.rename("s3://reviews/there", "s3://reviews/elsewhere/there")
    io_utils.copy_dir("s3://reviews/elsewhere/there", str(tmp_path / "out"))

    assert keys(bucket) == sorted(f"elsewhere/there/{name}" for name in MODEL)
    assert {name: (tmp_path / "out" / name).read_bytes() for name in MODEL} == MODEL


class Recorder:
    """Notes in which order the server is asked to copy and delete; may fail at one object."""

    def __init__(self, monkeypatch, fail_at: str = ""):
        self.asked: list[tuple[str, str]] = []
        for name in ("copy", "delete"):
            self._watch(monkeypatch, name, fail_at)

    def _watch(self, monkeypatch, name, fail_at):
        original = getattr(beam_filesystem.S3IO, name)

        def watched(store, *paths):
            if name == "copy" and fail_at and paths[0].endswith(fail_at):
                raise ConnectionError("the network is gone")
            self.asked.append((name, paths[-1].removeprefix("s3://reviews/")))
            return original(store, *paths)

        monkeypatch.setattr(beam_filesystem.S3IO, name, watched)


def test_a_model_is_never_half_there_while_it_is_renamed(bucket, monkeypatch):
    put(bucket, *(f".1.partial/{name}" for name in MODEL))
    recorder = Recorder(monkeypatch)

    fileio.rename("s3://reviews/.1.partial", "s3://reviews/1")

    copied = [path for what, path in recorder.asked if what == "copy"]
    deleted = [path for what, path in recorder.asked if what == "delete"]
    assert len(copied) == len(deleted) == len(MODEL)
    assert copied[-1] == "1/saved_model.pb"
    assert deleted[0] == ".1.partial/saved_model.pb"


def test_a_rename_that_breaks_off_leaves_all_where_it_was(bucket, monkeypatch):
    put(bucket, *(f"a/{name}" for name in MODEL))
    before = keys(bucket)
    Recorder(monkeypatch, fail_at="variables.index")

    with pytest.raises(ConnectionError):
        fileio.rename("s3://reviews/a", "s3://reviews/b")

    assert keys(bucket) == before


@pytest.fixture
def model(make_artifact):
    """A Model artifact on disk."""
    artifact = make_artifact(standard_artifacts.Model)
    for name, content in MODEL.items():
        file = Path(artifact.uri, "Format-Serving", name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return artifact


def test_two_pushes_are_two_whole_versions(bucket, model, make_artifact):
    blessings = {}
    for key, kind in (
        ("model_blessing", standard_artifacts.ModelBlessing),
        ("infra_blessing", standard_artifacts.InfraBlessing),
    ):
        blessings[key] = [make_artifact(kind)]
        blessings[key][0].set_int_custom_property("blessed", 1)

    versions = []
    weights = next(Path(model.uri).rglob("variables.index"))
    # The second one as a task that is tried again pushes it: not a third time.
    for content in (b"first", b"second", b"second"):
        weights.write_bytes(content)
        pushed = make_artifact(standard_artifacts.PushedModel)
        Executor().Do(
            {"model": [model], **blessings},
            {"pushed_model": [pushed]},
            {"serving_dir": "s3://reviews/serving/shoes"},
        )
        versions.append(pushed.get_string_custom_property("pushed_version"))

    assert fileio.listdir("s3://reviews/serving/shoes") == sorted(set(versions))
    assert versions[0] != versions[1] == versions[2]
    assert keys(bucket) == sorted(
        f"serving/shoes/{version}/{name}" for version in versions[:2] for name in PUSHED
    )


def test_a_task_pushes_to_the_object_store_of_its_cluster(bucket, model, tmp_path, monkeypatch):
    """All parts together, and blessings whose properties come as Kubeflow stores them."""

    monkeypatch.setenv("REVIEWLENS_MOUNT_ROOT", str(tmp_path))

    def artifact(kind, uri, **metadata):
        schema = {"schemaTitle": f"tfx.{kind}", "schemaVersion": "0.0.1"}
        return {"artifacts": [{"name": kind, "type": schema, "uri": uri, "metadata": metadata}]}

    executor_input = {
        "inputs": {
            "parameterValues": {"serving_dir": "minio://reviews/serving/shoes"},
            "artifacts": {
                "model": artifact("Model", model.uri),
                "model_blessing": artifact("ModelBlessing", "minio://p/evaluator", blessed=1),
                "infra_blessing": artifact("InfraBlessing", "minio://p/validator", blessed=1),
            },
        },
        "outputs": {
            "artifacts": {"pushed_model": artifact("PushedModel", "minio://p/pusher")},
            "outputFile": str(tmp_path / "output_metadata.json"),
        },
    }

    code = entrypoint.main(
        [
            "--executor_class_path=reviewlens.components.pusher.Executor",
            f"--json_serialized_invocation_args={json.dumps(executor_input)}",
            '--json_serialized_inputs_spec_args={"parameters": {}}',
        ]
    )

    assert code == 0
    results = json.loads((tmp_path / "output_metadata.json").read_text())
    (pushed,) = results["artifacts"]["pushed_model"]["artifacts"]
    assert pushed["uri"] == "minio://p/pusher"
    version = pushed["metadata"]["pushed_version"]
    assert pushed["metadata"]["pushed_destination"] == f"s3://reviews/serving/shoes/{version}"
    assert keys(bucket) == sorted(f"serving/shoes/{version}/{name}" for name in PUSHED)


@pytest.mark.parametrize(
    ("name", "pack"), [("a.csv", bytes), ("a.csv.gz", gzip.compress), ("a.csv.bz2", bz2.compress)]
)
def test_reviews_are_listed_and_read_packed_as_they_are(bucket, name, pack):
    bucket.put_object(Key=f"in/{name}", Body=pack(CSV.encode()))
    put(bucket, "in/_SUCCESS", "in/readme.md")

    for source in (f"s3://reviews/in/{name}", "s3://reviews/in/", "s3://reviews/in/*.csv*"):
        (found,) = list_files(source)
        assert found.format == "csv"
        with open_file(found) as stream:
            assert stream.read() == CSV.encode()


def test_the_pipeline_takes_in_reviews_from_an_object_store(bucket, ingest):
    bucket.put_object(Key="in/a.csv", Body=CSV.encode())

    taken_in = ingest(
        DataSettings(
            input="s3://reviews/in/",
            text=("Review",),
            rating="Rating",
            classes={"negative": (1, 2), "neutral": (3,), "positive": (4, 5)},
        )
    )

    assert taken_in.counts["read"] == taken_in.counts["kept"] == 300
    assert {"text", "label", "id"} <= set(taken_in.rows[0])
