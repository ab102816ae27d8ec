"""`kill -9` in every node of a pre-training; what comes of it is as if nothing had been."""

from __future__ import annotations

import json

import pytest
import yaml

pytestmark = pytest.mark.faults

STEP = "reviewlens.models.training.step.TrainStep.__call__"
# In the order of the nodes: each gets further than the one before.
KILLS = [
    # The texts are sorted into splits, and nothing is recorded.
    ("reviewlens.components.review_example_gen.executor.run_for_reports", "after", 1),
    ("reviewlens.components.vocabulary_gen.learning.make_fresh_encoder", "after", 1),
    # Pieces are made, and none is written down.
    ("reviewlens.components.segments.spilling.Spiller.rest", "before", 1),
    # One of two epochs is over.
    ("reviewlens.models.training.checkpoint.CheckpointFile.save", "after", 1),
    ("reviewlens.components.pretrainer.pretrained.PretrainedWeights.save", "before", 1),
]
LATER = [
    ("reviewlens.components.encoder_evaluator.evaluation.evaluate_encoder", "after", 1),
    ("tfx.dsl.io.fileio.rename", "before", 1),
    ("tfx.dsl.io.fileio.rename", "after", 1),
]


@pytest.fixture
def workspace(tmp_path, reviews):
    """A folder with texts and a configuration."""
    texts = [" ".join(reviews[i : i + 3]) for i in range(0, 900, 3)]
    (tmp_path / "texts.txt").write_text("\n".join(texts), encoding="utf-8")
    config = {
        "name": "words",
        "output": "out",
        "task": "masked-language-model",
        "data": {
            **{"input": "texts.txt", "text": "text"},
            "splits": {"train": 8, "eval": 1, "test": 1},
        },
        "encoder": {"layers": 1, "hidden": 32, "positions": 64},
        "vocabulary": {"size": 400},
        "model": {"max_tokens": 48, "objectives": ["mlm", "nsp"]},
        "training": {"batch_size": 16, "epochs": 2, "learning_rate": 3e-3},
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    return tmp_path


def encoder_of(workspace, output):
    """The facts of the one version that was pushed, and where it lies."""
    (version,) = (workspace / output / "encoder" / "words").iterdir()
    return json.loads((version / "encoder.json").read_text()), version


def test_a_pretraining_that_is_killed_in_every_node_gives_the_same_encoder(
    command_apart, workspace
):
    def pretrain(*more, **case):
        return command_apart(workspace, "pretrain", "config.yaml", *more, **case)

    for kill in KILLS:
        pretrain(kill=kill)
    # All that was trained is there.
    pretrain("--to", "pretrainer", kill=(STEP, "before", 1), ends=0)
    for kill in LATER:
        pretrain(kill=kill)
    pretrain()
    pretrain("output=undisturbed")

    facts, version = encoder_of(workspace, "out")
    undisturbed, _ = encoder_of(workspace, "undisturbed")
    assert facts["sha256"] == undisturbed["sha256"]
    for name, facts_of in (("metrics", dict), ("training", _without_seconds)):
        assert facts_of(facts[name]) == facts_of(undisturbed[name])
    summary = json.loads((workspace / "out" / "summary.json").read_text())
    assert summary["pushed_to"] == str(version)
    assert not list(workspace.rglob("*.checkpoint"))
    assert not [path for path in workspace.rglob("*") if "partial" in path.name]


def _without_seconds(training):
    return {name: value for name, value in training.items() if name != "seconds"}
