"""A pipeline of three small nodes that do real work and misbehave on request.

`draw` writes numbers, `double` doubles them, `total` adds them up.
"""

# No `from __future__ import annotations`: TFX reads the annotations of the components.
import hashlib
import os
import time

import apache_beam as beam
from tfx.dsl.component.experimental.annotations import (
    BeamComponentParameter,
    InputArtifact,
    OutputArtifact,
    Parameter,
)
from tfx.dsl.component.experimental.decorators import component
from tfx.orchestration import metadata
from tfx.orchestration.pipeline import Pipeline
from tfx.types.standard_artifacts import HyperParameters, Model, Schema

from reviewlens import progress
from reviewlens.errors import RunError

COUNT = 5


@component
def Draw(numbers: OutputArtifact[Model], first: Parameter[int]):
    print("draw says this on stdout")
    os.system("echo a child of draw says this on stderr >&2")
    for done in range(COUNT):
        progress.report(done + 1, COUNT, "numbers drawn")
    with open(os.path.join(numbers.uri, "numbers.txt"), "w") as file:
        file.write("\n".join(str(first + i) for i in range(COUNT)))


@component(use_beam=True)
def Double(
    numbers: InputArtifact[Model],
    doubled: OutputArtifact[Schema],
    mood: Parameter[str],
    pipeline: BeamComponentParameter[beam.Pipeline] = None,
):
    with open(os.path.join(numbers.uri, "numbers.txt")) as file:
        values = [int(line) for line in file]
    with pipeline as p:
        (
            p
            | beam.Create(values)
            | "Twice" >> beam.Map(_twice, mood)
            | beam.Map(str)
            | beam.io.WriteToText(os.path.join(doubled.uri, "doubled"), shard_name_template="")
        )


def _twice(value, mood):
    if mood == "wrong input":
        raise RunError(f"numbers.txt: line {value}: is no number;\n  give numbers")
    if mood == "bug":
        raise KeyError("surprise")
    return 2 * value


@component
def Total(
    doubled: InputArtifact[Schema],
    total: OutputArtifact[HyperParameters],
    mood: Parameter[str],
):
    if mood in ("compute", "sleep"):
        open(os.path.join(total.uri, "begun"), "w").close()
    if mood == "compute":
        # One call in C for minutes, in which Python runs no signal handler.
        hashlib.pbkdf2_hmac("sha256", b"toy", b"toy", 2_000_000_000)
    if mood == "sleep":
        time.sleep(600)
    if mood == "disk full":
        raise OSError(28, "No space left on device")
    with open(os.path.join(doubled.uri, "doubled")) as file:
        values = [int(line) for line in file]
    with open(os.path.join(total.uri, "total.txt"), "w") as file:
        file.write(str(sum(values)))


def build(output, *, first=1, double="calm", total="calm", cache=True, without=()):
    """Builds the pipeline; `without` leaves out nodes whose outputs others still ask for."""
    draw = Draw(first=first).with_id("draw")
    double = Double(numbers=draw.outputs["numbers"], mood=double).with_id("double")
    total = Total(doubled=double.outputs["doubled"], mood=total).with_id("total")
    return Pipeline(
        pipeline_name="toy",
        pipeline_root=os.path.join(output, "pipeline"),
        metadata_connection_config=metadata.sqlite_metadata_connection_config(
            os.path.join(output, "metadata.sqlite")
        ),
        components=[node for node in (draw, double, total) if node.id not in without],
        enable_cache=cache,
        beam_pipeline_args=["--runner=FnApiRunner", "--sdk_container_image=unused"],
    )
