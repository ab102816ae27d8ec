"""`python trainer_run.py FOLDER KILLED_IN` runs the node `trainer` alone, and kills the process.

`FOLDER` holds the node's inputs; a line is appended to `FOLDER/steps` for each step of training.
"""

from __future__ import annotations

import os
import signal
import sys
import unittest.mock


def build(folder: str, output: str):
    """Builds the pipeline: what other nodes would give, and the trainer."""
    from tfx.dsl.components.common.importer import Importer
    from tfx.orchestration import metadata
    from tfx.orchestration.pipeline import Pipeline
    from tfx.types import standard_artifacts

    from reviewlens.components import ReviewTrainer
    from reviewlens.models.settings import ModelSettings, TrainingSettings

    kinds = {
        "examples": standard_artifacts.Examples,
        "encoder": standard_artifacts.Model,
    }
    given = {
        name: Importer(
            source_uri=os.path.join(folder, name),
            artifact_type=kind,
            properties={"split_names": '["train", "eval"]'} if name == "examples" else None,
        ).with_id(name)
        for name, kind in kinds.items()
    }
    training = TrainingSettings(precision="float32", batch_size=16, learning_rate=2e-2)
    trainer = ReviewTrainer(
        **{name: importer.outputs["result"] for name, importer in given.items()},
        model=ModelSettings(max_tokens=48),
        training=training,
        epochs=2,
        task="text-classification",
        task_config={"labels": ["short", "long"], "grades": [0, 1]},
        checkpoints=os.path.join(output, "checkpoints"),
    ).with_id("trainer")
    return Pipeline(
        pipeline_name="training",
        pipeline_root=os.path.join(output, "pipeline"),
        metadata_connection_config=metadata.sqlite_metadata_connection_config(
            os.path.join(output, "metadata.sqlite")
        ),
        components=[*given.values(), trainer],
        enable_cache=True,
    )


def train(folder: str, output: str):
    """Runs the pipeline as `reviewlens run` does; writes down each step of training."""
    from reviewlens.models.training.step import TrainStep
    from reviewlens.pipeline import run_pipeline

    step = TrainStep.__call__

    def counted(self, *arguments, **named):
        with open(os.path.join(folder, "steps"), "a", encoding="utf-8") as file:
            file.write("step\n")
        return step(self, *arguments, **named)

    with unittest.mock.patch.object(TrainStep, "__call__", counted):
        return run_pipeline(lambda: build(folder, output), output)


if __name__ == "__main__":
    folder, output, killed_in = sys.argv[1:]
    with unittest.mock.patch(killed_in, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)):
        train(folder, output)
