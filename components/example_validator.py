"""The node `example-validator`: data that does not follow its schema stops the run, in words."""

from __future__ import annotations

from typing import Any

from tensorflow_metadata.proto.v0 import anomalies_pb2
from tfx.components.example_validator import executor as validator_executor
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel, standard_artifacts, standard_component_specs
from tfx.types.component_spec import ExecutionParameter

from ..errors import RunError


def describe(anomalies: anomalies_pb2.Anomalies) -> list[str]:
    """Puts anomalies into words.

    Args:
        anomalies: What TensorFlow Data Validation found in one split.

    Returns:
        One sentence per anomaly, the feature's name first; empty where there is none.
    """
    sentences = [
        f"{feature}: {reason.description or info.description}"
        for feature, info in sorted(anomalies.anomaly_info.items())
        for reason in (info.reason or [info])
    ]
    if anomalies.HasField("dataset_anomaly_info"):
        sentences += [f"data set: {r.description}" for r in anomalies.dataset_anomaly_info.reason]
    return sentences


class Executor(validator_executor.Executor):
    """TFX's validator, which only writes anomalies down, made to act on them."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> Any:
        """Validates every split.

        Args:
            input_dict: `statistics` and `schema`.
            output_dict: `anomalies`.
            exec_properties: `allow_anomalies`: go on although there are some.

        Raises:
            RunError: There are anomalies, and they are not allowed.
        """
        self._found: list[str] = []
        result = super().Do(input_dict, output_dict, exec_properties)
        if self._found and not exec_properties.get("allow_anomalies"):
            raise RunError(
                f"the data does not follow its schema: {'; '.join(self._found)}. Mend the data, "
                "give a schema that allows this (data.schema), or set data.allow_anomalies=true"
            )
        return result

    def _Validate(self, inputs: dict[str, Any], outputs: dict[str, Any]) -> Any:
        anomalies = super()._Validate(inputs, outputs)
        split = outputs[validator_executor.labels.SCHEMA_DIFF_PATH].rsplit("Split-", 1)[-1]
        self._found += [f"{split} split, {sentence}" for sentence in describe(anomalies)]
        return anomalies


class StrictExampleValidatorSpec(standard_component_specs.ExampleValidatorSpec):
    """TFX's spec, with the choice to go on."""

    PARAMETERS = {
        **standard_component_specs.ExampleValidatorSpec.PARAMETERS,
        "allow_anomalies": ExecutionParameter(type=int),
    }


class StrictExampleValidator(base_component.BaseComponent):
    """Checks the statistics of every split against the schema and fails on anomalies.

    Output `anomalies`: the anomalies of each split, as TFX writes them.
    """

    SPEC_CLASS = StrictExampleValidatorSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        statistics: channel.BaseChannel,
        schema: channel.BaseChannel,
        allow_anomalies: bool = False,
    ):
        """Declares the node.

        Args:
            statistics: Statistics of the examples.
            schema: What they must follow.
            allow_anomalies: Write anomalies down and go on.
        """
        super().__init__(
            StrictExampleValidatorSpec(
                statistics=statistics,
                schema=schema,
                exclude_splits="[]",
                allow_anomalies=int(allow_anomalies),
                anomalies=channel.Channel(type=standard_artifacts.ExampleAnomalies),
            )
        )
