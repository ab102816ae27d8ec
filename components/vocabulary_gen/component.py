"""The node `vocabulary-gen`: an encoder of a size, where none is there to start from.

It gives what `encoder-fetcher` gives, so that no other node knows which of the two there was.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import artifact_utils, channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter
from tfx.utils import path_utils

from ...models.encoders.fresh import EncoderSize
from ..encoder_facts import FACTS_FILE
from ..split_files import split_patterns
from .settings import VocabularySettings

_TRAIN = "train"


class Executor(base_executor.BaseExecutor):
    """Learns the vocabulary and draws the weights, see `learning`."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the encoder's files and its facts.

        Args:
            input_dict: `examples`, of which the split train is read.
            output_dict: `model`: one Model artifact.
            exec_properties: `size`, `vocabulary` and `seed`.

        Raises:
            RunError: See `learning.make_fresh_encoder`.
        """
        from .learning import make_fresh_encoder

        self._log_startup(input_dict, output_dict, exec_properties)
        artifact = artifact_utils.get_single_instance(output_dict["model"])
        facts = make_fresh_encoder(
            split_patterns(input_dict["examples"], _TRAIN),
            path_utils.serving_model_dir(artifact.uri),
            EncoderSize(**json.loads(exec_properties["size"])),
            VocabularySettings(**json.loads(exec_properties["vocabulary"])),
            exec_properties["seed"],
        )
        Path(artifact.uri, FACTS_FILE).write_text(json.dumps(facts, indent=2), encoding="utf-8")
        for key in ("name", "source", "sha256"):
            artifact.set_string_custom_property(key, facts[key])
        artifact.set_int_custom_property("parameters", facts["parameters"])


class VocabularyGenSpec(ComponentSpec):
    """Inputs, outputs and parameters of `VocabularyGen`."""

    PARAMETERS = {
        "size": ExecutionParameter(type=str),
        "vocabulary": ExecutionParameter(type=str),
        "seed": ExecutionParameter(type=int),
        "code": ExecutionParameter(type=str, optional=True),
    }
    INPUTS = {"examples": ChannelParameter(type=standard_artifacts.Examples)}
    OUTPUTS = {"model": ChannelParameter(type=standard_artifacts.Model)}


class VocabularyGen(base_component.BaseComponent):
    """Makes an encoder of random weights, with a vocabulary that is learnt from texts.

    Output `model`: see `EncoderFetcher`.
    """

    SPEC_CLASS = VocabularyGenSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        examples: channel.BaseChannel,
        size: EncoderSize,
        vocabulary: VocabularySettings,
        seed: int,
        code: str = "",
    ):
        """Declares the node.

        Args:
            examples: Output of `ReviewExampleGen`.
            size: Of the encoder.
            vocabulary: How its vocabulary is learnt.
            seed: Of its weights.
            code: Fingerprint of the code, part of the cache key.
        """
        super().__init__(
            VocabularyGenSpec(
                examples=examples,
                size=json.dumps(vars(size)),
                vocabulary=json.dumps(vars(vocabulary)),
                seed=seed,
                code=code,
                model=channel.Channel(type=standard_artifacts.Model),
            )
        )
