"""The node `schema-gen` where the configuration brings a schema: `ReviewSchemaImporter`."""

from __future__ import annotations

import json
import os
from typing import Any

from tensorflow_metadata.proto.v0 import schema_pb2
from tfx.components.schema_gen.executor import DEFAULT_FILE_NAME
from tfx.components.schema_gen.import_schema_gen import executor as import_executor
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import artifact_utils, channel, standard_artifacts, standard_component_specs
from tfx.types.component_spec import ExecutionParameter
from tfx.utils import io_utils


class Executor(import_executor.Executor):
    """TFX's import, with the features that a schema of earlier examples cannot know."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Copies the schema and completes it.

        Args:
            input_dict: Empty.
            output_dict: `schema`.
            exec_properties: `schema_file`, and `distributions`: as JSON, by name the length of
                features that hold a distribution.
        """
        super().Do(input_dict, output_dict, exec_properties)
        uri = artifact_utils.get_single_uri(output_dict["schema"])
        path = os.path.join(uri, DEFAULT_FILE_NAME)
        schema = io_utils.SchemaReader().read(path)
        known = {feature.name for feature in schema.feature}
        for name, size in json.loads(exec_properties["distributions"]).items():
            if name not in known:
                feature = schema.feature.add(name=name, type=schema_pb2.FLOAT)
                feature.presence.min_fraction, feature.presence.min_count = 1.0, 1
                feature.shape.dim.add(size=size)
        io_utils.write_pbtxt_file(path, schema)


class ReviewSchemaImporterSpec(standard_component_specs.ImportSchemaGenSpec):
    """TFX's spec, with what the ingest adds to what a file of reviews says."""

    PARAMETERS = {
        **standard_component_specs.ImportSchemaGenSpec.PARAMETERS,
        "distributions": ExecutionParameter(type=str),
        "code": ExecutionParameter(type=str),
    }


class ReviewSchemaImporter(base_component.BaseComponent):
    """Takes over a schema that was made or edited before.

    Output `schema`: the schema of the file. Where it was made before examples had a distribution
    of grades, it has that as well, so that it goes on to say what it said.
    """

    SPEC_CLASS = ReviewSchemaImporterSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, schema_file: str, distributions: dict[str, int], code: str = ""):
        """Declares the node.

        Args:
            schema_file: Path of the schema, a text proto.
            distributions: By name the length of features of the task that hold one.
            code: Fingerprint of the code, part of the cache key.
        """
        super().__init__(
            ReviewSchemaImporterSpec(
                schema_file=schema_file,
                distributions=json.dumps(distributions),
                code=code,
                schema=channel.Channel(type=standard_artifacts.Schema),
            )
        )
