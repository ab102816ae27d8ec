"""The node `transform`: text to the encoder's token ids, with the same graph for serving.

TFX's own Transform does the work; this one takes the encoder as one more input, because the
vocabulary is the encoder's and not something to learn from the reviews.
"""

from __future__ import annotations

from typing import Any

from tfx.components.transform import executor as transform_executor
from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.proto import transform_pb2
from tfx.types import artifact_utils, channel, standard_artifacts, standard_component_specs
from tfx.types.component_spec import ChannelParameter, ExecutionParameter
from tfx.utils import json_utils, path_utils

PREPROCESSING_FN = f"{__package__}.preprocessing.preprocessing_fn"


class Executor(transform_executor.Executor):
    """TFX's Transform, told where the encoder lies, whose tokenizer it runs."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Transforms the splits train and eval.

        Args:
            input_dict: `examples`, `schema`, and `encoder` of `EncoderFetcher`.
            output_dict: `transform_graph` and `transformed_examples`.
            exec_properties: `task` and `max_tokens`, beside TFX's own.
        """
        uri = artifact_utils.get_single_uri(input_dict["encoder"])
        custom_config = {
            "task": exec_properties["task"],
            "encoder": path_utils.serving_model_dir(uri),
            "max_tokens": exec_properties["max_tokens"],
        }
        super().Do(
            {key: value for key, value in input_dict.items() if key != "encoder"},
            output_dict,
            {**exec_properties, "custom_config": json_utils.dumps(custom_config)},
        )


class ReviewTransformSpec(standard_component_specs.TransformSpec):
    """TFX's spec, with the encoder as an input."""

    PARAMETERS = {
        **standard_component_specs.TransformSpec.PARAMETERS,
        "task": ExecutionParameter(type=str),
        "max_tokens": ExecutionParameter(type=int),
        "code": ExecutionParameter(type=str, optional=True),
    }
    INPUTS = {
        **standard_component_specs.TransformSpec.INPUTS,
        "encoder": ChannelParameter(type=standard_artifacts.Model),
    }


class ReviewTransform(base_beam_component.BaseBeamComponent):
    """Tokenizes reviews with the encoder's own tokenizer.

    Outputs `transform_graph` and `transformed_examples` (splits train and eval).
    """

    SPEC_CLASS = ReviewTransformSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)

    def __init__(
        self,
        examples: channel.BaseChannel,
        schema: channel.BaseChannel,
        encoder: channel.BaseChannel,
        task: str,
        max_tokens: int,
        code: str = "",
    ):
        """Declares the node.

        Args:
            examples: Examples with the feature `text` and those of the task.
            schema: Their schema.
            encoder: Output of `EncoderFetcher`.
            task: Name of the task, which adds its targets to the tokens.
            max_tokens: Longest review in tokens, those of start and end included.
            code: Fingerprint of the code behind `preprocessing_fn`, part of the cache key.
        """
        transformed = channel.Channel(type=standard_artifacts.Examples)
        transformed.matching_channel_name = "examples"
        super().__init__(
            ReviewTransformSpec(
                examples=examples,
                schema=schema,
                encoder=encoder,
                task=task,
                max_tokens=max_tokens,
                code=code,
                preprocessing_fn=PREPROCESSING_FN,
                force_tf_compat_v1=0,
                # The test split is evaluated as raw text, so it is not tokenized here.
                splits_config=transform_pb2.SplitsConfig(
                    analyze=["train"], transform=["train", "eval"]
                ),
                # The statistics of the raw text are a node of their own.
                disable_statistics=1,
                transform_graph=channel.Channel(type=standard_artifacts.TransformGraph),
                transformed_examples=transformed,
            )
        )
