"""The graph that pre-trains an encoder: which node takes what from which other."""

from __future__ import annotations

from tfx.dsl.components.base.base_node import BaseNode
from tfx.orchestration.pipeline import Pipeline
from tfx.types import BaseChannel

from ...components import (
    EncoderEvaluator,
    EncoderFetcher,
    EncoderPusher,
    Pretrainer,
    ReviewExampleGen,
    TextSegments,
    VocabularyGen,
)
from ...components.input_files import fingerprint_input
from ...components.review_example_gen.settings import to_json
from ...models.encoders.sources.fetching import source_fingerprint
from ..beam_options import beam_arguments, check_beam_options
from ..config import PretrainingConfig
from ..nodes.pretraining_nodes import PRETRAINING_NODES
from ..targets import LocalTarget, Target


def build_pretraining(config: PretrainingConfig, cache: bool, target: Target | None) -> Pipeline:
    """Builds the graph of a configuration, see `Graph.build`.

    Args:
        config: A checked configuration.
        cache: Take the results of nodes that ran before on the same inputs.
        target: Where it shall run; None for this machine.

    Returns:
        The pipeline. On a target that takes values at submission, `input`, `epochs`,
        `encoder_dir` and, where it does not start from a size, `encoder` are its parameters.

    Raises:
        RunError: The input cannot be found.
        UsageError: `beam.options` has one that Beam does not know.
    """
    target = target or LocalTarget()
    check_beam_options(config.beam)
    paths = target.output_paths(config)
    code = {node.id: node.fingerprint(config.task) for node in PRETRAINING_NODES}

    example_gen = ReviewExampleGen(
        input=target.parameter("input", config.data.input),
        settings=to_json(config.data),
        task=config.task,
        input_fingerprint=(
            fingerprint_input(config.data.input, config.data.format) if target.has_files else ""
        ),
        rejected_dir=paths.rejected_dir,
        code=code["text-example-gen"],
    ).with_id("text-example-gen")
    examples = example_gen.outputs["examples"]
    beginning = _beginning(config, target, examples, code)
    encoder = beginning.outputs["model"]
    transform = TextSegments(
        examples=examples,
        encoder=encoder,
        objectives=config.model.objectives,
        max_tokens=config.model.max_tokens,
        seed=config.training.seed,
        code=code["transform"],
    ).with_id("transform")
    segments = transform.outputs["segments"]
    pretrainer = Pretrainer(
        segments=segments,
        encoder=encoder,
        model=config.model,
        training=config.training,
        debug=config.debug,
        epochs=target.parameter("epochs", config.training.epochs),
        checkpoints=paths.checkpoints,
        tensorboard=paths.tensorboard,
        code=code["pretrainer"],
    ).with_id("pretrainer")
    trained = pretrainer.outputs["trained_model"]
    evaluator = EncoderEvaluator(
        segments=segments,
        encoder=encoder,
        trained_model=trained,
        settings=config.evaluation,
        code=code["encoder-evaluator"],
    ).with_id("encoder-evaluator")
    pusher = EncoderPusher(
        trained_model=trained,
        encoder=encoder,
        blessing=evaluator.outputs["blessing"],
        encoder_dir=target.parameter("encoder_dir", paths.push_dir),
        name=config.name,
        model_run=pretrainer.outputs["model_run"],
        evaluation=evaluator.outputs["evaluation"],
        code=code["encoder-pusher"],
    ).with_id("encoder-pusher")

    return Pipeline(
        pipeline_name=config.name,
        pipeline_root=paths.pipeline_root,
        metadata_connection_config=target.metadata(config),
        components=[example_gen, beginning, transform, pretrainer, evaluator, pusher],
        enable_cache=cache,
        beam_pipeline_args=beam_arguments(config.beam, target.image),
    )


def _beginning(
    config: PretrainingConfig, target: Target, examples: BaseChannel, code: dict[str, str]
) -> BaseNode:
    """The node that gives the encoder to start from: one that there is, or one of a size."""
    if isinstance(config.encoder, str):
        return EncoderFetcher(
            encoder=target.parameter("encoder", config.encoder),
            fingerprint=(source_fingerprint(config.encoder) if target.has_files else "")
            + code["encoder-fetcher"],
        ).with_id("encoder-fetcher")
    return VocabularyGen(
        examples=examples,
        size=config.encoder,
        vocabulary=config.vocabulary,
        seed=config.training.seed,
        code=code["vocabulary-gen"],
    ).with_id("vocabulary-gen")
