"""The node `encoder-fetcher`: a name or a handle becomes an encoder on disk, as an artifact.

The encoder lies where TFX looks for the model of an artifact, its facts beside it (see
`encoder_facts`).
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.types import artifact_utils, channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter
from tfx.utils import path_utils

from ..models.encoders.sources.fetching import fetch_encoder
from .encoder_facts import FACTS_FILE


class Executor(base_executor.BaseExecutor):
    """Fetches the encoder into the artifact."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the encoder's files and its facts.

        Args:
            input_dict: Empty.
            output_dict: `model`: one Model artifact.
            exec_properties: `encoder`: what `fetch_encoder` takes.

        Raises:
            RunError: The encoder cannot be reached or is no text encoder.
            UsageError: The catalog has no encoder of that name, or the source is not
                written right.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        artifact = artifact_utils.get_single_instance(output_dict["model"])
        record = fetch_encoder(
            exec_properties["encoder"], path_utils.serving_model_dir(artifact.uri)
        )
        facts = dataclasses.asdict(record)
        Path(artifact.uri, FACTS_FILE).write_text(json.dumps(facts, indent=2), encoding="utf-8")
        for key in ("name", "source", "sha256"):
            artifact.set_string_custom_property(key, facts[key])
        artifact.set_int_custom_property("parameters", facts["parameters"])


class EncoderFetcherSpec(ComponentSpec):
    """Inputs, outputs and parameters of `EncoderFetcher`."""

    PARAMETERS = {
        "encoder": ExecutionParameter(type=str),
        "fingerprint": ExecutionParameter(type=str, optional=True),
    }
    INPUTS: dict[str, ChannelParameter] = {}
    OUTPUTS = {"model": ChannelParameter(type=standard_artifacts.Model)}


class EncoderFetcher(base_component.BaseComponent):
    """Fetches a pretrained text encoder.

    Output `model`: the encoder's weights and tokenizer, with custom properties `name`,
    `source`, `sha256` and `parameters`.
    """

    SPEC_CLASS = EncoderFetcherSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, encoder: str | RuntimeParameter, fingerprint: str = ""):
        """Declares the node.

        Args:
            encoder: What `fetch_encoder` takes, such as a catalog name or `hf://OWNER/NAME`.
            fingerprint: Changes when the source or the fetching code does, and with it the
                cache key.
        """
        super().__init__(
            EncoderFetcherSpec(
                encoder=encoder,
                fingerprint=fingerprint,
                model=channel.Channel(type=standard_artifacts.Model),
            )
        )
