"""A compiled pipeline: the YAML file that Kubeflow Pipelines v2 takes."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import yaml

from ...errors import UsageError
from ..config import OVERRIDES, yaml_source
from ..config.yaml_source import Entry, shortened
from ..nearest import nearest

# The only one that the open-source Kubeflow Pipelines v2 accepts.
SCHEMA_VERSION = "2.1.0"

# Parameters travel as google.protobuf.Value, whose numbers are doubles.
_LARGEST_INTEGER = 2**53


@dataclasses.dataclass(frozen=True)
class Parameter:
    """An input of the whole pipeline.

    Attributes:
        type: Name of its ParameterType, such as `NUMBER_INTEGER`.
        default: What it is if nothing is given; None where there is no default.
        required: Whether a run has to give it.
    """

    type: str
    default: Any
    required: bool


@dataclasses.dataclass(frozen=True)
class CompiledPipeline:
    """What a file of `load_compiled` holds.

    Attributes:
        path: The file.
        name: Name of the pipeline.
        parameters: Its inputs by name.
        spec: The PipelineSpec, as JSON has it.
        platform_spec: The PlatformSpec of the file's second document, or None.
    """

    path: str
    name: str
    parameters: Mapping[str, Parameter]
    spec: dict[str, Any]
    platform_spec: dict[str, Any] | None = None

    def values(self, assignments: Iterable[str]) -> dict[str, Any]:
        """Reads what the parameters of a run are set to, and checks that it has all it needs.

        Args:
            assignments: `name=value` each, the value in YAML; the last one of a name wins.

        Returns:
            The values by name, without those that stay at their default.

        Raises:
            UsageError: An assignment is not written that way.
            UsageError: The pipeline has no such parameter.
            UsageError: The value is not of the parameter's type, or JSON cannot hold it.
            UsageError: A parameter that has no default is not given.

        Example:
            >>> load_compiled("pipeline.yaml").values(["epochs=3"])
            {'epochs': 3}
        """
        values = dict(self._value(assignment) for assignment in assignments)
        missing = [
            name for name, given in self.parameters.items() if given.required and name not in values
        ]
        if missing:
            raise UsageError(
                f"{self.path}: these parameters have no default: {', '.join(missing)}; "
                "give each as name=value"
            )
        return values

    def without_cache(self) -> CompiledPipeline:
        """Returns the same pipeline with every task made anew, whatever was made before."""
        spec = json.loads(json.dumps(self.spec))
        for task in _tasks(spec):
            task.setdefault("cachingOptions", {})["enableCache"] = False
        return dataclasses.replace(self, spec=spec)

    def _value(self, assignment: str) -> tuple[str, Any]:
        name, equals, text = assignment.partition("=")
        name = name.strip()
        if not equals or not name:
            raise UsageError(
                f"{OVERRIDES}: {shortened(assignment)}: a parameter is written name=value"
            )
        if name not in self.parameters:
            hint = "the pipeline has none" if not self.parameters else ""
            raise UsageError(
                f"{OVERRIDES}: {shortened(name)}: unknown parameter of {self.path}; "
                f"{nearest(name, self.parameters, hint)}"
            )
        try:
            value = _plain(yaml_source.parse(text, OVERRIDES, numbered=False))
        except yaml_source.SourceError as error:
            raise UsageError(f"{error.problems[0]}, in {shortened(assignment)}") from None
        except OverflowError as error:
            raise UsageError(f"{OVERRIDES}: {shortened(assignment)}: {error}") from None
        # A type that is newer than this table is the server's to check.
        fits, wanted, example = _TYPES.get(self.parameters[name].type, (lambda _: True, "", ""))
        if not fits(value):
            raise UsageError(
                f"{OVERRIDES}: {shortened(assignment)}: {name} is {wanted}, "
                f"such as {name}={example}"
            )
        return name, value


def load_compiled(path: str) -> CompiledPipeline:
    """Reads a compiled pipeline.

    Args:
        path: A YAML file with a PipelineSpec, and perhaps a PlatformSpec after it.

    Raises:
        UsageError: There is no such file, or it cannot be read.
        UsageError: It is no YAML, or holds what JSON cannot.
        UsageError: It holds something else than a PipelineSpec, such as a PipelineJob of Vertex.
        UsageError: The PipelineSpec has another schema version than 2.1.0.

    Example:
        >>> load_compiled("pipeline.yaml").parameters["epochs"]
        Parameter(type='NUMBER_INTEGER', default=0, required=False)
    """
    documents = _documents(path)
    spec: Any = documents[0] if documents else None
    if isinstance(spec, dict) and "pipelineSpec" in spec:
        raise UsageError(
            f"{path}: is a PipelineJob for Vertex AI, not for Kubeflow Pipelines; submit it with "
            f"Vertex AI's client: aiplatform.PipelineJob(template_path={path!r}, …).submit()"
        )
    try:
        name = _section(spec, "pipelineInfo").get("name")
        if not name or not isinstance(name, str) or not _section(spec, "root"):
            raise _Malformed
        version = spec.get("schemaVersion")
        if version != SCHEMA_VERSION:
            raise UsageError(
                f"{path}: has the schema version {version}; Kubeflow Pipelines v2 takes "
                f"{SCHEMA_VERSION}, which `reviewlens compile` writes"
            )
        parameters = _section(spec, "root", "inputDefinitions", "parameters")
        for task in _tasks(spec):
            _section(task, "cachingOptions")
        return CompiledPipeline(
            path=path,
            name=name,
            parameters={key: _parameter(_section(parameters, key)) for key in parameters},
            spec=spec,
            platform_spec=_platform_spec(documents[1:]),
        )
    except _Malformed:
        raise UsageError(
            f"{path}: is no pipeline compiled for Kubeflow Pipelines v2; "
            "give the YAML file that `reviewlens compile` has written"
        ) from None


class _Malformed(Exception):
    """A document that is not built as its kind is."""


def _documents(path: str) -> list[Any]:
    try:
        text = yaml_source.read_text(path)
        # The rules of PyYAML, by which compilers write these files: a plain 5e-5 is text.
        loaded = yaml.load_all(text, Loader=yaml_source.BoundedLoader)
        documents = [each for each in loaded if each is not None]
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file; `reviewlens compile` writes one") from None
    except yaml_source.SourceError as error:
        raise UsageError("\n".join(error.problems)) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}" if mark else path
        raise UsageError(f"{where}: {yaml_source.explain(error)}") from None
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
        # What PyYAML makes of values that are not of their kind, such as `!!timestamp x`.
        raise UsageError(f"{path}: not valid YAML: {_one_line(error)}") from None
    try:
        json.dumps(documents, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(
            f"{path}: holds a value that JSON has not ({_one_line(error)}); "
            "put dates and the like in quotes"
        ) from None
    return documents


def _section(document: Any, *keys: str) -> dict[str, Any]:
    """The mapping under some keys, empty where it is left out."""
    for key in keys:
        if not isinstance(document, dict):
            raise _Malformed
        document = document.get(key, {})
    if not isinstance(document, dict):
        raise _Malformed
    return document


def _tasks(spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The tasks of the pipeline and of the groups of tasks in it."""
    for component in [spec["root"], *_section(spec, "components").values()]:
        yield from _section(component, "dag", "tasks").values()


def _parameter(definition: Mapping[str, Any]) -> Parameter:
    return Parameter(
        type=str(definition.get("parameterType")),
        default=definition.get("defaultValue"),
        required="defaultValue" not in definition and definition.get("isOptional") is not True,
    )


def _platform_spec(documents: list[Any]) -> dict[str, Any] | None:
    if not documents:
        return None
    if len(documents) > 1 or not _section(documents[0], "platforms"):
        raise _Malformed
    return documents[0]


def _plain(entry: Entry) -> Any:
    """The value without its places, if JSON can hold it."""
    match entry.value:
        case list() as children:
            return [_plain(child) for child in children]
        case dict() as children:
            return {key: _plain(child) for key, child in children.items()}
        case float() as number if not math.isfinite(number):
            raise OverflowError("a parameter cannot be infinite or not a number")
        case bool() as value:
            return value
        case int() as number if abs(number) > _LARGEST_INTEGER:
            raise OverflowError(
                f"{shortened(str(number))} is beyond 2^53, up to which parameters are exact"
            )
        case value:
            return value


def _is(*types: type) -> Callable[[Any], bool]:
    return lambda value: type(value) in types


# Test of a value, what it is called, and an example.
_TYPES = {
    "NUMBER_INTEGER": (_is(int), "a whole number", "3"),
    "NUMBER_DOUBLE": (_is(int, float), "a number", "0.5"),
    "STRING": (_is(str), "text", "'\"3\"'"),
    "BOOLEAN": (_is(bool), "true or false", "true"),
    "LIST": (_is(list), "a list", "'[1, 2]'"),
    "STRUCT": (_is(dict), "keys with values", "'{a: 1}'"),
}


def _one_line(error: Exception) -> str:
    return shortened(" ".join(str(error).split()))
