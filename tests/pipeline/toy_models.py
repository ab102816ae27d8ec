"""The end of the real pipeline, with models of a few bytes: trained, compared, judged, pushed.

The ids of the nodes are the real ones, so that the summary finds what they say.
"""

# No `from __future__ import annotations`: TFX reads the annotations of the components.
import os
import pathlib

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.dsl.components.common.resolver import Resolver
from tfx.orchestration import metadata
from tfx.orchestration.pipeline import Pipeline
from tfx.types import Channel
from tfx.types.standard_artifacts import InfraBlessing, Model, ModelBlessing

from reviewlens.components import AtomicPusher, EarlierBlessedModelStrategy
from reviewlens.components.model_files import MODEL_DIGEST, model_digest

WEIGHTS = os.path.join("Format-Serving", "variables", "weights")


@component
def Train(model: OutputArtifact[Model], weights: Parameter[str]):
    os.makedirs(os.path.join(model.uri, "Format-Serving", "variables"))
    for name, content in ((WEIGHTS, weights), ("Format-Serving/saved_model.pb", "graph")):
        with open(os.path.join(model.uri, name), "w") as file:
            file.write(content)


@component
def Evaluate(
    model: InputArtifact[Model],
    blessing: OutputArtifact[ModelBlessing],
    refusal: Parameter[str],
    baseline: InputArtifact[Model] = None,
):
    compared_with = pathlib.Path(baseline.uri, WEIGHTS).read_text() if baseline else "none"
    pathlib.Path(blessing.uri, "baseline").write_text(compared_with)
    blessing.set_int_custom_property("current_model_id", model.id)
    bless(model, blessing, refusal)


@component
def Validate(
    model: InputArtifact[Model],
    blessing: OutputArtifact[InfraBlessing],
    refusal: Parameter[str],
    damage: Parameter[int],
):
    bless(model, blessing, refusal)
    if damage:
        pathlib.Path(model.uri, WEIGHTS).write_text("?")


def bless(model, blessing, refusal):
    blessing.set_int_custom_property("blessed", int(not refusal))
    blessing.set_string_custom_property("reason", refusal)
    blessing.set_string_custom_property(
        MODEL_DIGEST, model_digest(os.path.join(model.uri, "Format-Serving"))
    )


def build(output, *, weights="1", evaluator="", validator="", damage=0):
    """Builds the pipeline; `evaluator` and `validator` say why they refuse the model.

    With `damage` the validator damages the model once it has judged it.
    """
    serving_dir = os.path.join(output, "serving", "toy")
    trainer = Train(weights=weights).with_id("trainer")
    model = trainer.outputs["model"]
    latest = Resolver(
        strategy_class=EarlierBlessedModelStrategy,
        config={"serving_dir": serving_dir, "links": os.path.join(output, "pipeline", "pushed")},
        candidate=model,
        model=Channel(type=Model),
        model_blessing=Channel(type=ModelBlessing),
    ).with_id("latest-blessed")
    evaluate = Evaluate(model=model, refusal=evaluator, baseline=latest.outputs["model"]).with_id(
        "evaluator"
    )
    validate = Validate(model=model, refusal=validator, damage=damage).with_id("serving-validator")
    # So that both have judged the model when it is damaged.
    validate.add_upstream_node(evaluate)
    pusher = AtomicPusher(
        model=model,
        model_blessing=evaluate.outputs["blessing"],
        infra_blessing=validate.outputs["blessing"],
        serving_dir=serving_dir,
    ).with_id("pusher")
    return Pipeline(
        pipeline_name="toy",
        pipeline_root=os.path.join(output, "pipeline"),
        metadata_connection_config=metadata.sqlite_metadata_connection_config(
            os.path.join(output, "metadata.sqlite")
        ),
        components=[trainer, latest, evaluate, validate, pusher],
        enable_cache=True,
    )
