"""The graph that makes a served model of reviews: which node takes what from which other."""

from __future__ import annotations

import dataclasses
import os

from tfx.components import SchemaGen, StatisticsGen
from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.components.common.resolver import Resolver
from tfx.orchestration.data_types import RuntimeParameter
from tfx.orchestration.pipeline import Pipeline
from tfx.types import BaseChannel, Channel, standard_artifacts

from ...components import (
    AtomicPusher,
    EarlierBlessedModelStrategy,
    EncoderFetcher,
    EncoderValidator,
    LatestPushedModel,
    ModelExporter,
    NgramTrainer,
    ReviewEvaluator,
    ReviewExampleGen,
    ReviewSchemaImporter,
    ReviewTrainer,
    ReviewTransform,
    ServingValidator,
    StrictExampleValidator,
)
from ...components.input_files import fingerprint_input
from ...components.review_example_gen.columns import read_columns
from ...components.review_example_gen.label_classes import with_classes
from ...components.review_example_gen.settings import to_json
from ...components.task_registry import TASKS, learns_from_ngrams
from ...errors import UsageError
from ...models.encoders.sources.fetching import source_fingerprint
from ...progress import notify
from ..beam_options import beam_arguments, check_beam_options
from ..config import Config
from ..nodes.review_nodes import REVIEW_NODES
from ..starts import resolve_start
from ..targets import LocalTarget, OutputPaths, Target
from .left_out import left_out_of_reviews


def build_reviews(config: Config, cache: bool, target: Target | None) -> Pipeline:
    """Builds the graph of a configuration, see `Graph.build`.

    Args:
        config: A checked configuration.
        cache: Take the results of nodes that ran before on the same inputs.
        target: Where it shall run; None for this machine.

    Returns:
        The pipeline. On a target that takes values at submission, `input`, `serving_dir` and,
        where an encoder is fine-tuned, `encoder` and `epochs` are its parameters.

    Raises:
        RunError: The input cannot be found, or no classes can be taken from it.
        RunError: There is nothing learnt where `training.start_from` says.
        UsageError: `beam.options` has one that Beam does not know, or there are no classes where
            nobody can look for them.
    """
    target = target or LocalTarget()
    check_beam_options(config.beam)
    config = _with_classes(config, target)
    paths = target.output_paths(config)
    learnt = TASKS.load(config.task, "data").task_config(config.data, config.model)
    serving_dir = target.parameter("serving_dir", paths.push_dir)
    code = {node.id: node.fingerprint(config.task) for node in REVIEW_NODES}
    missing = left_out_of_reviews(config)

    example_gen = ReviewExampleGen(
        input=target.parameter("input", config.data.input),
        settings=to_json(config.data),
        task=config.task,
        input_fingerprint=(
            fingerprint_input(config.data.input, config.data.format) if target.has_files else ""
        ),
        rejected_dir=paths.rejected_dir,
        code=code["review-example-gen"],
    ).with_id("review-example-gen")
    nodes: list[BaseNode] = [example_gen]
    examples = example_gen.outputs["examples"]
    encoder = None
    if "encoder-fetcher" not in missing:
        encoder_fetcher = EncoderFetcher(
            encoder=target.parameter("encoder", config.encoder),
            fingerprint=(source_fingerprint(config.encoder) if target.has_files else "")
            + code["encoder-fetcher"],
        ).with_id("encoder-fetcher")
        nodes.append(encoder_fetcher)
        encoder = encoder_fetcher.outputs["model"]

    statistics_gen = StatisticsGen(examples=examples).with_id("statistics-gen")
    statistics = statistics_gen.outputs["statistics"]
    schema_gen = _schema_gen(config, target, statistics, code["schema-gen"]).with_id("schema-gen")
    schema = schema_gen.outputs["schema"]
    example_validator = StrictExampleValidator(
        statistics=statistics, schema=schema, allow_anomalies=config.data.allow_anomalies
    ).with_id("example-validator")
    checks: list[BaseNode] = [example_validator]
    if "encoder-validator" not in missing:
        encoder_validator = EncoderValidator(
            encoder=encoder,
            native=config.model.native,
            precision="bfloat16",
            code=code["encoder-validator"],
        )
        checks.append(encoder_validator.with_id("encoder-validator"))

    transform = ReviewTransform(
        examples=examples,
        schema=schema,
        task=config.task,
        encoder=encoder,
        # Whatever is done with n-grams: not to be transformed, nor learnt, again for that.
        keeps_text=learns_from_ngrams(config.task),
        code=code["transform"],
    ).with_id("transform")
    for check in checks:
        # What it finds must stop the run before anything is learnt.
        transform.add_upstream_node(check)
    nodes += [statistics_gen, schema_gen, *checks, transform]
    tokenized = transform.outputs["transformed_examples"]
    ngrams = trained = None
    if "ngram-trainer" not in missing:
        ngram_trainer = NgramTrainer(
            examples=tokenized,
            settings=config.ngrams,
            task=config.task,
            task_config=learnt,
            decide_for=config.evaluation.decide_for,
            alone="trainer" in missing,
            code=code["ngram-trainer"],
        ).with_id("ngram-trainer")
        nodes.append(ngram_trainer)
        ngrams = ngram_trainer.outputs["ngram_model"]
    if "trainer" not in missing:
        epochs = config.training.epochs
        start_from, start = resolve_start(config.training, target, paths.push_dir)
        trainer = ReviewTrainer(
            examples=tokenized,
            encoder=encoder,
            model=config.model,
            training=dataclasses.replace(config.training, start_from=start_from),
            debug=config.debug,
            epochs=target.parameter("epochs", epochs if isinstance(epochs, int) else 0),
            task=config.task,
            task_config=learnt,
            checkpoints=paths.checkpoints,
            tensorboard=paths.tensorboard,
            code=code["trainer"] + start,
        ).with_id("trainer")
        nodes.append(trainer)
        trained = trainer.outputs["trained_model"]
    exporter = ModelExporter(
        examples=tokenized,
        settings=config.export,
        decide_for=config.evaluation.decide_for,
        columns=read_columns(config.data),
        trained_model=trained,
        encoder=encoder,
        ngrams=None if trained is not None and config.model.wide == "off" else ngrams,
        wide=config.model.wide,
        code=code["exporter"],
    ).with_id("exporter")
    model = exporter.outputs["model"]

    latest_blessed = _latest_blessed(target, paths, model, serving_dir).with_id("latest-blessed")
    evaluator = ReviewEvaluator(
        examples=examples,
        schema=schema,
        model=model,
        baseline_model=latest_blessed.outputs["model"],
        settings=config.evaluation,
        task=config.task,
        task_config=learnt,
        slices=config.data.slices,
        # It would be measured by itself.
        ngrams=ngrams if trained is not None and config.evaluation.ngram_baseline else None,
        code=code["evaluator"],
    ).with_id("evaluator")
    serving_validator = ServingValidator(
        model=model,
        code=code["serving-validator"],
    ).with_id("serving-validator")
    pusher = AtomicPusher(
        model=model,
        model_blessing=evaluator.outputs["blessing"],
        infra_blessing=serving_validator.outputs["blessing"],
        serving_dir=serving_dir,
        evaluation=evaluator.outputs["evaluation"],
        dataset=target.parameter("input", config.data.input),
    ).with_id("pusher")

    return Pipeline(
        pipeline_name=config.name,
        pipeline_root=paths.pipeline_root,
        metadata_connection_config=target.metadata(config),
        components=[
            *nodes,
            exporter,
            latest_blessed,
            evaluator,
            serving_validator,
            pusher,
        ],
        enable_cache=cache,
        beam_pipeline_args=beam_arguments(config.beam, target.image),
    )


def _with_classes(config: Config, target: Target) -> Config:
    """With the classes that the files have, where none are named: nodes must know of them."""
    data = config.data
    if data.classes or not data.label:
        return config
    if not target.has_files:
        raise UsageError(
            "data.classes: is left out, and the files of data.input are not looked into when a "
            f"pipeline is compiled; name the labels of the column {data.label!r}"
        )
    data, told = with_classes(data)
    notify(told)
    return dataclasses.replace(config, data=data)


def _schema_gen(config: Config, target: Target, statistics: BaseChannel, code: str) -> BaseNode:
    """The node that gives the schema: the one of the configuration, or one learnt."""
    if not config.data.schema:
        return SchemaGen(statistics=statistics, infer_feature_shape=True)
    path = os.path.abspath(config.data.schema) if target.has_files else config.data.schema
    task = TASKS.load(config.task, "data")
    distributions = task.distributions(config.data) if hasattr(task, "distributions") else {}
    return ReviewSchemaImporter(path, distributions, code)


def _latest_blessed(
    target: Target, paths: OutputPaths, model: BaseChannel, serving_dir: str | RuntimeParameter
) -> BaseNode:
    """The node that gives the model which a candidate must not fall behind.

    The only one that depends on the target: a resolver asks ML Metadata, and the serving
    directory where that knows of none. Kubeflow Pipelines neither runs resolvers nor lets a node
    ask; there the serving directory alone tells.
    """
    if not target.has_resolvers:
        return LatestPushedModel(candidate=model, serving_dir=serving_dir)
    return Resolver(
        strategy_class=EarlierBlessedModelStrategy,
        config={
            "serving_dir": paths.push_dir,
            "links": os.path.join(paths.pipeline_root, "latest-blessed", "pushed"),
        },
        candidate=model,
        model=Channel(type=standard_artifacts.Model),
        model_blessing=Channel(type=standard_artifacts.ModelBlessing),
    )
