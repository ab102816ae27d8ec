"""The node `encoder-validator`: an encoder that cannot be served as asked for stops the run.

The form in which a model is served is the exporter's affair and no reason to train anew, so the
trainer is not told of it. But what can never be exported as the configuration asks should be known
before the training, not after it. Nothing takes the output of this node; others wait for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import artifact_utils, channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter
from tfx.utils import path_utils


class Executor(base_executor.BaseExecutor):
    """Loads the encoder and asks it."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Validates the encoder.

        Args:
            input_dict: `encoder` of `EncoderFetcher`.
            output_dict: `blessing`: an InfraBlessing.
            exec_properties: `native` and `precision`.

        Raises:
            RunError: It cannot be served in that precision.
        """
        from ..models.encoders.registry import load_encoder
        from ..serving.precision import check_precision

        self._log_startup(input_dict, output_dict, exec_properties)
        encoder = artifact_utils.get_single_uri(input_dict["encoder"])
        check_precision(
            load_encoder(
                path_utils.serving_model_dir(encoder), native=bool(exec_properties["native"])
            ),
            exec_properties["precision"],
        )
        blessing = artifact_utils.get_single_instance(output_dict["blessing"])
        blessing.set_int_custom_property("blessed", 1)
        Path(blessing.uri).mkdir(parents=True, exist_ok=True)
        Path(blessing.uri, "INFRA_BLESSED").write_text("", encoding="utf-8")


class EncoderValidatorSpec(ComponentSpec):
    """Inputs, outputs and parameters of `EncoderValidator`."""

    PARAMETERS = {
        "native": ExecutionParameter(type=int),
        "precision": ExecutionParameter(type=str),
        "code": ExecutionParameter(type=str, optional=True),
    }
    INPUTS = {"encoder": ChannelParameter(type=standard_artifacts.Model)}
    OUTPUTS = {"blessing": ChannelParameter(type=standard_artifacts.InfraBlessing)}


class EncoderValidator(base_component.BaseComponent):
    """Checks that a model of this encoder can be served as the configuration asks.

    Output `blessing`: an InfraBlessing, there so that the check is not made twice.
    """

    SPEC_CLASS = EncoderValidatorSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, encoder: channel.BaseChannel, native: bool, precision: str, code: str = ""):
        """Declares the node.

        Args:
            encoder: Output of `EncoderFetcher`.
            native: Whether it is converted to Keras layers where it can be.
            precision: What the model shall be served in.
            code: Fingerprint of the code, part of the cache key.
        """
        super().__init__(
            EncoderValidatorSpec(
                encoder=encoder,
                native=int(native),
                precision=precision,
                code=code,
                blessing=channel.Channel(type=standard_artifacts.InfraBlessing),
            )
        )
