"""The settings of nodes on Kubeflow, through the configuration."""

from __future__ import annotations

import pathlib

import pytest

from reviewlens.errors import UsageError
from reviewlens.pipeline import load_config
from reviewlens.pipeline.config import NodeSettings

CONFIG = str(pathlib.Path(__file__).parents[3] / "configs" / "amazon-snippets.yaml")


def settings(*overrides: str):
    return load_config(CONFIG, [f"kubeflow.{override}" for override in overrides]).kubeflow


def test_a_node_gets_its_own_settings_and_else_the_default():
    kubeflow = settings("nodes.default={cpu: 2, memory: 4, retries: 3}", "nodes.trainer={cpu: 8}")

    assert kubeflow.of("trainer") == NodeSettings(cpu=8, memory=4, retries=3, cache=True)
    assert kubeflow.of("pusher") == NodeSettings(cpu=2, memory=4, retries=3, cache=True)


@pytest.mark.parametrize(
    ("overrides", "cached"),
    [
        ([], {"transform"}),
        (["nodes.default.cache=false"], set()),
        (["nodes.default.cache=true"], {"transform"}),
        (["nodes.review-example-gen.cache=true"], {"transform", "review-example-gen"}),
        (["nodes.default.cache=false", "nodes.transform.cache=true"], {"transform"}),
    ],
)
def test_what_may_change_unseen_is_cached_only_if_it_is_named(overrides, cached):
    kubeflow = settings(*overrides)

    nodes = ("review-example-gen", "transform", "latest-blessed")
    assert {node for node in nodes if kubeflow.of(node).cache} == cached


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("nodes.trainr.cpu=2", "kubeflow.nodes.trainr: unknown node; did you mean trainer?"),
        ("nodes.trainer.cpu=0", "kubeflow.nodes.trainer.cpu: is 0; it is a number above 0"),
        ("nodes.trainer.memory=-1", "kubeflow.nodes.trainer.memory: is -1; it is a number above 0"),
        ("nodes.trainer.memory=8G", "kubeflow.nodes.trainer.memory: is '8G'; it is a number"),
        ("nodes.trainer.retries=-1", "kubeflow.nodes.trainer.retries: is -1; it is a whole number"),
        ("nodes.trainer.accelerators=2", "kubeflow.nodes.trainer.accelerators: counts nothing"),
        (
            "nodes.trainer={accelerator: nvidia.com/gpu, accelerators: 0}",
            "kubeflow.nodes.trainer.accelerators: is 0; it is a whole number from 1",
        ),
        ("nodes.latest-blessed.cache=true", "kubeflow.nodes.latest-blessed.cache: is true"),
        ("nods={}", "kubeflow.nods: unknown key; did you mean kubeflow.nodes?"),
    ],
)
def test_what_is_wrong_is_told_with_its_key(override, told):
    with pytest.raises(UsageError) as caught:
        settings(override)

    assert told in str(caught.value)
