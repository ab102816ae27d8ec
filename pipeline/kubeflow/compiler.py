"""The graph as a file that Kubeflow Pipelines or Vertex AI Pipelines runs.

TFX's own compiler translates the nodes. What it leaves out is added here: the defaults of
the parameters, the root of the artifacts, and what each node gets of cores, memory,
accelerators, retries and caching.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import yaml
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2
from tfx.orchestration.data_types import RuntimeParameter
from tfx.orchestration.kubeflow.v2.kubeflow_v2_dag_runner import (
    KubeflowV2DagRunner,
    KubeflowV2DagRunnerConfig,
)

from ...files.whole_file import whole_file
from ..config import AnyConfig, NodeSettings
from ..graphs import graph_of
from ..nodes import Node
from .target import MINIO, VERTEX, KubeflowTarget

if TYPE_CHECKING:
    from tfx.orchestration.pipeline import Pipeline

COMMAND = ("python", "-m", "reviewlens.pipeline.kubeflow.entrypoint")
# Of the parameters, for whoever submits a run.
DESCRIPTIONS = {
    "input": "Files of reviews: a path that the tasks see, or a URI, of a file, folder or glob",
    "encoder": "Catalog name, TF Hub or Kaggle handle, or URI of a text encoder",
    "epochs": "Passes over the training split, at most; for a model 0 is auto",
    "serving_dir": "Where the versions of the model are pushed",
    "encoder_dir": "Where the versions of the encoder are pushed",
}
# Until the first retry; each further one waits twice as long.
_BACKOFF = "30s"
_LONGEST_BACKOFF = "3600s"
# The key to the object store that every namespace of Kubeflow Pipelines has.
_STORE_SECRET = {
    "secretName": "mlpipeline-minio-artifact",
    "keyToEnv": [
        {"secretKey": "accesskey", "envVar": "AWS_ACCESS_KEY_ID"},
        {"secretKey": "secretkey", "envVar": "AWS_SECRET_ACCESS_KEY"},
    ],
}


def compile_pipeline(config: AnyConfig, target: KubeflowTarget) -> list[dict[str, Any]]:
    """Compiles the pipeline of a configuration.

    Args:
        config: A checked configuration, which `check_target` found fit for the target.
        target: For which orchestrator, with which image and pipeline root.

    Returns:
        The documents of the file, each the JSON form of a message of `kfp.pipeline_spec`: for
        `kfp` a PipelineSpec of schema 2.1.0, and with a `minio://` root a PlatformSpec that hands
        out the key to the object store; for `vertex` a PipelineJob around a PipelineSpec.

    Raises:
        UsageError: `beam.options` has one that Beam does not know.

    Example:
        >>> target = KubeflowTarget("kfp", "registry/reviewlens:1", "minio://mlpipeline/reviews")
        >>> sorted(compile_pipeline(config, target)[0]["root"]["dag"]["tasks"])[:2]
        ['encoder-fetcher', 'evaluator']
    """
    graph = graph_of(config)
    pipeline = graph.build(config, target=target)
    runner = KubeflowV2DagRunner(
        KubeflowV2DagRunnerConfig(
            default_image=target.image,
            default_commands=list(COMMAND),
            # Kubeflow Pipelines takes no other schema.
            use_pipeline_spec_2_1=True,
        )
    )
    job = runner.run(pipeline, write_out=False)
    spec = job["pipelineSpec"]
    spec["defaultPipelineRoot"] = target.pipeline_root
    _describe_parameters(spec, pipeline)
    for node in spec["root"]["dag"]["tasks"]:
        _apply(config.kubeflow.of(node), node, spec)
    # Refuses whatever the target's own parser would.
    json_format.ParseDict(spec, pipeline_spec_pb2.PipelineSpec())
    json_format.ParseDict(job, pipeline_spec_pb2.PipelineJob())
    if target.name == VERTEX:
        return [job]
    return (
        [spec, _platform(spec, graph.nodes)] if target.pipeline_root.startswith(MINIO) else [spec]
    )


def write_compiled(documents: Iterable[Mapping[str, Any]], path: str) -> None:
    """Writes a compiled pipeline as YAML, whole or not at all.

    Args:
        documents: As `compile_pipeline` gives them.
        path: Of the file.

    Raises:
        RunError: If it cannot be written.
    """
    with whole_file(path) as file:
        yaml.safe_dump_all(documents, file, sort_keys=True, allow_unicode=True)


def _describe_parameters(spec: dict[str, Any], pipeline: Pipeline) -> None:
    """Gives the parameters their defaults, which TFX's compiler forgets, and descriptions."""
    values = {
        value.name: value.default
        for node in pipeline.components
        for value in node.exec_properties.values()
        if isinstance(value, RuntimeParameter)
    }
    for name, parameter in spec["root"]["inputDefinitions"]["parameters"].items():
        parameter.update(defaultValue=values[name], isOptional=True, description=DESCRIPTIONS[name])


def _apply(settings: NodeSettings, node: str, spec: dict[str, Any]) -> None:
    task = spec["root"]["dag"]["tasks"][node]
    if not settings.cache:
        task.pop("cachingOptions", None)
    if settings.retries:
        task["retryPolicy"] = {
            "maxRetryCount": settings.retries,
            "backoffDuration": _BACKOFF,
            "backoffFactor": 2.0,
            "backoffMaxDuration": _LONGEST_BACKOFF,
        }
    resources: dict[str, Any] = {}
    if settings.cpu:
        resources["cpuLimit"] = settings.cpu
    if settings.memory:
        resources["memoryLimit"] = settings.memory
    if settings.accelerator:
        resources["accelerator"] = {
            "type": settings.accelerator,
            "count": settings.accelerators or 1,
        }
    if resources:
        label = spec["components"][node]["executorLabel"]
        spec["deploymentSpec"]["executors"][label]["container"]["resources"] = resources


def _platform(spec: dict[str, Any], nodes: Iterable[Node]) -> dict[str, Any]:
    asking = {node.id for node in nodes if node.asks_store}
    executors = {
        # A copy for every node: of one object YAML would write references.
        spec["components"][node]["executorLabel"]: {"secretAsEnv": [copy.deepcopy(_STORE_SECRET)]}
        for node in spec["root"]["dag"]["tasks"]
        if node in asking
    }
    return {"platforms": {"kubernetes": {"deploymentSpec": {"executors": executors}}}}
