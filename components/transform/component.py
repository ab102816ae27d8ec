"""The node `transform`: text to the encoder's token ids, with the same graph for serving.

TFX's own Transform does the work; this one takes the encoder as one more input, because the
vocabulary is the encoder's and not something to learn from the reviews. Where the task can be
learnt from n-grams, the text itself is kept as well, and all of it where there is no encoder.
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
            input_dict: `examples`, `schema`, and maybe `encoder` of `EncoderFetcher`.
            output_dict: `transform_graph` and `transformed_examples`.
            exec_properties: `task` and `keeps_text`, beside TFX's own.
        """
        custom_config = {
            "task": exec_properties["task"],
            "keeps_text": bool(exec_properties["keeps_text"]),
        }
        if input_dict.get("encoder"):
            uri = artifact_utils.get_single_uri(input_dict["encoder"])
            custom_config["encoder"] = path_utils.serving_model_dir(uri)
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
        "keeps_text": ExecutionParameter(type=int),
        "code": ExecutionParameter(type=str, optional=True),
    }
    INPUTS = {
        **standard_component_specs.TransformSpec.INPUTS,
        "encoder": ChannelParameter(type=standard_artifacts.Model, optional=True),
    }


class ReviewTransform(base_beam_component.BaseBeamComponent):
    """Tokenizes reviews with the encoder's own tokenizer, or keeps their text, or both.

    Outputs `transform_graph` and `transformed_examples` (splits train and eval).
    """

    SPEC_CLASS = ReviewTransformSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)

    def __init__(
        self,
        examples: channel.BaseChannel,
        schema: channel.BaseChannel,
        task: str,
        encoder: channel.BaseChannel | None = None,
        keeps_text: bool = False,
        code: str = "",
    ):
        """Declares the node.

        Args:
            examples: Examples with the feature `text` and those of the task.
            schema: Their schema.
            task: Name of the task, which adds its targets.
            encoder: Output of `EncoderFetcher`, whose tokens are wanted; None for none.
            keeps_text: Whether the examples hold the text, for those who read its n-grams.
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
                keeps_text=int(keeps_text),
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
