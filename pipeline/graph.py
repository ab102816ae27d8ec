"""The graph of the pipeline: which node takes what from which other."""

from __future__ import annotations

import os

from tfx.components import SchemaGen, StatisticsGen, Trainer
from tfx.components.schema_gen.import_schema_gen.component import ImportSchemaGen
from tfx.dsl.components.common.resolver import Resolver
from tfx.orchestration import metadata
from tfx.orchestration.pipeline import Pipeline
from tfx.proto import trainer_pb2
from tfx.types import Channel, standard_artifacts

from ..components import (
    AtomicPusher,
    EarlierBlessedModelStrategy,
    EncoderFetcher,
    ReviewEvaluator,
    ReviewExampleGen,
    ReviewTransform,
    ServingValidator,
    StrictExampleValidator,
)
from ..components.review_example_gen.inputs import fingerprint_input
from ..components.review_example_gen.settings import to_json
from ..models.sources import source_fingerprint
from .config import Config
from .fingerprint import code_fingerprint

RUN_FN = "reviewlens.components.trainer.run_fn"
# Beam's default runner would download another one and start it; this one is in the package.
# The image is never used: naming one keeps TFX from packing itself up for every node.
BEAM_ARGS = ["--runner=FnApiRunner", "--sdk_container_image=unused"]


def build_pipeline(config: Config, cache: bool = True) -> Pipeline:
    """Builds the graph that a configuration asks for.

    Args:
        config: A checked configuration.
        cache: Take the results of nodes that ran before on the same inputs.

    Returns:
        The pipeline, its artifacts and metadata under the configuration's `output`.

    Raises:
        RunError: The input cannot be found.
    """
    output = os.path.abspath(config.output)
    labels = list(config.data.classes)

    example_gen = ReviewExampleGen(
        input=config.data.input,
        settings=to_json(config.data),
        input_fingerprint=fingerprint_input(config.data.input, config.data.format),
        rejected_dir=os.path.join(output, "rejected"),
        code=code_fingerprint("reviewlens.components.review_example_gen"),
    ).with_id("review-example-gen")
    encoder_fetcher = EncoderFetcher(
        encoder=config.encoder,
        fingerprint=source_fingerprint(config.encoder)
        + code_fingerprint("reviewlens.models.sources", "reviewlens.models.minilm"),
    ).with_id("encoder-fetcher")
    examples = example_gen.outputs["examples"]
    encoder = encoder_fetcher.outputs["model"]

    statistics_gen = StatisticsGen(examples=examples).with_id("statistics-gen")
    statistics = statistics_gen.outputs["statistics"]
    if config.data.schema:
        schema_gen = ImportSchemaGen(schema_file=os.path.abspath(config.data.schema)).with_id(
            "schema-gen"
        )
    else:
        schema_gen = SchemaGen(statistics=statistics, infer_feature_shape=True).with_id(
            "schema-gen"
        )
    schema = schema_gen.outputs["schema"]
    example_validator = StrictExampleValidator(
        statistics=statistics, schema=schema, allow_anomalies=config.data.allow_anomalies
    ).with_id("example-validator")

    transform = ReviewTransform(
        examples=examples,
        schema=schema,
        encoder=encoder,
        max_tokens=config.model.max_tokens,
        code=code_fingerprint("reviewlens.components.transform", "reviewlens.models.tokenization"),
    ).with_id("transform")
    # Anomalies must stop the run before anything is learnt from the data.
    transform.add_upstream_node(example_validator)
    trainer = Trainer(
        run_fn=RUN_FN,
        examples=transform.outputs["transformed_examples"],
        transform_graph=transform.outputs["transform_graph"],
        schema=schema,
        base_model=encoder,
        train_args=trainer_pb2.TrainArgs(splits=["train"]),
        eval_args=trainer_pb2.EvalArgs(splits=["eval"]),
        custom_config={
            "model": vars(config.model),
            "training": vars(config.training),
            "decide_for": config.evaluation.decide_for,
            "labels": labels,
            "encoder": config.encoder,
            "checkpoints": os.path.join(output, "checkpoints"),
            "tensorboard": os.path.join(output, "tensorboard"),
            "code": code_fingerprint("reviewlens.components.trainer"),
        },
    ).with_id("trainer")
    model = trainer.outputs["model"]

    latest_blessed = Resolver(
        strategy_class=EarlierBlessedModelStrategy,
        candidate=model,
        model=Channel(type=standard_artifacts.Model),
        model_blessing=Channel(type=standard_artifacts.ModelBlessing),
    ).with_id("latest-blessed")
    evaluator = ReviewEvaluator(
        examples=examples,
        schema=schema,
        model=model,
        baseline_model=latest_blessed.outputs["model"],
        settings=config.evaluation,
        num_classes=len(labels),
        slices=config.data.slices,
        code=code_fingerprint("reviewlens.components.evaluator"),
    ).with_id("evaluator")
    serving_validator = ServingValidator(
        model=model, code=code_fingerprint("reviewlens.serving.validation")
    ).with_id("serving-validator")
    pusher = AtomicPusher(
        model=model,
        model_blessing=evaluator.outputs["blessing"],
        infra_blessing=serving_validator.outputs["blessing"],
        serving_dir=os.path.join(output, "serving", config.name),
    ).with_id("pusher")

    return Pipeline(
        pipeline_name=config.name,
        pipeline_root=os.path.join(output, "pipeline"),
        metadata_connection_config=metadata.sqlite_metadata_connection_config(
            os.path.join(output, "metadata.sqlite")
        ),
        components=[
            example_gen,
            encoder_fetcher,
            statistics_gen,
            schema_gen,
            example_validator,
            transform,
            trainer,
            latest_blessed,
            evaluator,
            serving_validator,
            pusher,
        ],
        enable_cache=cache,
        beam_pipeline_args=BEAM_ARGS,
    )
