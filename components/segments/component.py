"""The node `transform` of a pre-training: texts become segments of word pieces."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.types import channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from .executor import Executor


class TextSegmentsSpec(ComponentSpec):
    """Inputs, output and parameters of `TextSegments`."""

    PARAMETERS = {
        "objectives": ExecutionParameter(type=str),
        "max_tokens": ExecutionParameter(type=int),
        "seed": ExecutionParameter(type=int),
        "code": ExecutionParameter(type=str, optional=True),
    }
    INPUTS = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "encoder": ChannelParameter(type=standard_artifacts.Model),
    }
    OUTPUTS = {"segments": ChannelParameter(type=standard_artifacts.Examples)}


class TextSegments(base_beam_component.BaseBeamComponent):
    """Tokenizes texts with the encoder's own tokenizer, and packs them into what it reads at once.

    Args:
        examples: Output of `ReviewExampleGen` for the task `masked-language-model`.
        encoder: Output of `EncoderFetcher` or of what makes an encoder of its own.
        objectives: What is learnt; with `nsp` among them segments are pairs.
        max_tokens: Of a segment at most, those of its start and end included.
        seed: Of what is drawn: lengths, and where pairs are cut.
        code: Fingerprint of the code, so that the node runs again when it changes.

    Outputs:
        segments: `standard_artifacts.Examples` in the splits train, eval and test, with the int64
            features `tokens` (from start to end, with one of end between two documents),
            `second` (how many of them are before the second part, 0 where there is none) and
            `random_next` (0: the second part follows the first; 1: it is from other documents;
            -1: there is none). Custom properties: see `accounting.facts`.

    Raises:
        RunError: From the run of the node, see `Executor`.
    """

    SPEC_CLASS = TextSegmentsSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)

    def __init__(
        self,
        examples: channel.BaseChannel,
        encoder: channel.BaseChannel,
        objectives: Sequence[str] = ("mlm",),
        max_tokens: int = 128,
        seed: int = 0,
        code: str = "",
    ):
        super().__init__(
            TextSegmentsSpec(
                examples=examples,
                encoder=encoder,
                objectives=json.dumps(list(objectives)),
                max_tokens=max_tokens,
                seed=seed,
                code=code,
                segments=channel.Channel(type=standard_artifacts.Examples),
            )
        )
