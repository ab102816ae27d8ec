"""The configuration of a pipeline: one YAML file, read into frozen dataclasses.

Whatever a reader could find wrong in a file is told at once, each with its line,
its key and the nearest valid one.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import difflib
import math
import pathlib
import re
import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar

from ...components.evaluator.settings import OF_TASKS as EVALUATION_OF_TASKS
from ...components.evaluator.settings import EvaluationSettings
from ...components.review_example_gen.settings import OF_TASKS as DATA_OF_TASKS
from ...components.review_example_gen.settings import DataSettings
from ...components.task_registry import TASKS, learns_from_ngrams
from ...errors import UsageError
from ...models.encoders.sources.registry import find_source, source_problem
from ...models.ngrams.settings import NgramSettings
from ...models.settings import OF_TASKS as MODEL_OF_TASKS
from ...models.settings import ModelSettings, TrainingSettings
from ...serving.settings import ExportSettings
from ..beam_options import BeamSettings
from ..nearest import nearest
from . import yaml_source
from .kubeflow import KubeflowSettings
from .yaml_source import Entry, shortened

OVERRIDES = "command line"
# What is recorded of a run holds whole numbers of 64 bits.
_BEYOND_INT64 = 2**63

# Of a folder, on the file systems of Linux.
_LONGEST_NAME = 255


@dataclasses.dataclass(frozen=True)
class Config:
    """Everything that one pipeline needs to know.

    Attributes:
        name: Name of the pipeline and of the served model.
        output: Folder that receives the artifacts, the served model and `summary.json`.
        data: Where the reviews are and which columns mean what.
        task: What is learnt, the name of a task such as `text-classification`.
        encoder: Catalog name of a text encoder, or where it is: `hf://OWNER/NAME[@REVISION]`, a
            TF Hub or Kaggle handle or address, `package:NAME/FOLDER`, a folder or a `.tar.gz`.
        model: What learns, and the classifier around the encoder.
        training: How the classifier is fine-tuned.
        ngrams: The n-gram classifier, alone or beside the encoder.
        export: How it is brought into the form that is served.
        evaluation: When a model is good enough to be pushed.
        beam: Who executes the nodes that use Beam.
        kubeflow: How the nodes run on Kubeflow.
    """

    # The command that runs it here, and the folder of `output` under which it pushes.
    COMMAND: ClassVar[str] = "run"
    PUSHED_UNDER: ClassVar[str] = "serving"

    name: str
    output: str
    data: DataSettings
    task: str = "text-classification"
    encoder: str = "minilm-l6"
    model: ModelSettings = dataclasses.field(default_factory=ModelSettings)
    training: TrainingSettings = dataclasses.field(default_factory=TrainingSettings)
    ngrams: NgramSettings = dataclasses.field(default_factory=NgramSettings)
    export: ExportSettings = dataclasses.field(default_factory=ExportSettings)
    evaluation: EvaluationSettings = dataclasses.field(default_factory=EvaluationSettings)
    beam: BeamSettings = dataclasses.field(default_factory=BeamSettings)
    kubeflow: KubeflowSettings = dataclasses.field(default_factory=KubeflowSettings)

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yields `(key, what is wrong and what would be right)` for every bad value."""
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", self.name):
            yield (
                "name",
                f"is {self.name!r}; it becomes a folder and a served model: letters, digits, "
                "'-', '_' and '.', a letter or digit first",
            )
        if len(self.name) > _LONGEST_NAME:
            yield (
                "name",
                f"has {len(self.name)} characters; the name of a folder has at most "
                f"{_LONGEST_NAME}",
            )
        if self.export.precision == "bfloat16" and self.model.algorithm == "ngrams":
            yield (
                "export.precision",
                "is bfloat16, but the n-gram classifier computes in float32; choose auto or "
                "float32",
            )
        elif self.export.precision == "bfloat16" and not self.model.native:
            yield (
                "export.precision",
                "is bfloat16, but an encoder that is fine-tuned as it was saved (model.native is "
                "false) computes in float32; choose auto or float32",
            )
        if self.evaluation.min_gain is not None and self.model.algorithm == "ngrams":
            yield (
                "evaluation.min_gain",
                "is a gain over n-grams, but these are the model (model.algorithm); leave it out",
            )
        if not self.output:
            yield "output", "is empty; it is the folder that receives the results"
        if problem := source_problem(self.encoder):
            yield "encoder", problem

    def places(self) -> dict[str, str | None]:
        """Returns key -> what names a place; a path without a scheme is one of this machine."""
        places = {
            "data.input": self.data.input,
            "data.schema": self.data.schema,
            "kubeflow.serving_dir": self.kubeflow.serving_dir,
        }
        if self.model.algorithm == "encoder" and find_source(self.encoder).is_path:
            places["encoder"] = self.encoder
        return places

    @staticmethod
    def problems_between(values: Mapping[str, typing.Any]) -> Iterator[tuple[str, str]]:
        """Yields `(key, problem)` of what does not fit together, such as the task and the data.

        Args:
            values: Those keys that could be read, whatever is wrong with the others.
        """
        task, data = values.get("task", Config.task), values.get("data")
        evaluation = values.get("evaluation", EvaluationSettings())
        model = values.get("model", ModelSettings())
        if task not in TASKS:
            yield "task", f"is {task!r}, which is no task; {nearest(task, TASKS)}"
        elif data is not None:
            for key, problem in TASKS.load(task, "data").problems(data):
                yield f"data.{key}", problem
        if task in TASKS and not learns_from_ngrams(task):
            problem = f"but the n-gram classifier cannot learn {task}; leave it out"
            for key, value in (("algorithm", "ngrams"), ("wide", "on")):
                if getattr(model, key) == value:
                    yield f"model.{key}", f"is {value}, {problem}"
            if evaluation.min_gain is not None:
                yield "evaluation.min_gain", f"is a gain over n-grams, {problem}"
        if task not in TASKS:
            return
        of_task = getattr(TASKS.load(task, "data"), "SETTINGS", {})
        for section, settings, keys in (
            ("data", data, DATA_OF_TASKS),
            ("model", model, MODEL_OF_TASKS),
            ("evaluation", evaluation, EVALUATION_OF_TASKS),
        ):
            known = of_task.get(section, ())
            instead = f"; it has {', '.join(known)}" if known else ""
            for key in keys if settings is not None else ():
                if key not in known and getattr(settings, key) != _default(settings, key):
                    yield f"{section}.{key}", f"is not for task {task}{instead}"


def load_config(path: str, overrides: Iterable[str] = ()) -> Config:
    """Reads and checks a configuration.

    Relative paths inside it are relative to the current directory.

    Args:
        path: The YAML file.
        overrides: `key=value` or `key.sub=value` each, the value in YAML; they win over the file.

    Returns:
        The configuration, in which every value has been checked.

    Raises:
        UsageError: If the file is missing or no YAML, or for anything wrong in it; the
            message has one line per problem, each with file, line, key and what would be right.

    Example:
        >>> config = load_config("configs/amazon-snippets.yaml", ["training.epochs=1"])
        >>> config.training.epochs
        1
    """
    try:
        root = yaml_source.parse(_text_of(path), path)
        if not isinstance(root.value, dict):
            found = "is empty" if root.value is None else "does not hold keys with values"
            raise UsageError(f"{path}: the configuration {found}; it needs name, output and data")
        for override in overrides:
            _apply(override, root.value)
    except yaml_source.SourceError as error:
        raise UsageError("\n".join(error.problems)) from None
    reader = _Reader(Config)
    config = reader.read_settings(Config, root, "")
    if reader.problems:
        in_order = sorted(reader.problems, key=lambda problem: problem[0].line or 0)
        raise UsageError("\n".join(f"{entry.where}: {text}" for entry, text in in_order))
    return config


def _text_of(path: str) -> str:
    try:
        return yaml_source.read_text(path)
    except FileNotFoundError:
        siblings = [str(other) for other in sorted(pathlib.Path(path).parent.glob("*.y*ml"))]
        hint = nearest(path, siblings, otherwise="give the path of a YAML file")
        raise UsageError(f"{path}: no such file; {hint}") from None


def _apply(override: str, root: dict[str, Entry]) -> None:
    key, equals, text = override.partition("=")
    key = key.strip()
    if not equals or not key:
        raise UsageError(f"{OVERRIDES}: {shortened(override)}: an override is written key=value")
    try:
        value = yaml_source.parse(text, OVERRIDES, numbered=False)
    except yaml_source.SourceError as error:
        raise UsageError(f"{error.problems[0]}, in {shortened(override)}") from None
    parents, _, leaf = key.rpartition(".")
    here = root
    for name in parents.split(".") if parents else ():
        inner = here[name].value if name in here else None
        if not isinstance(inner, dict):
            inner = {}
            here[name] = Entry(inner, OVERRIDES)
        here = inner
    here[leaf] = value


class _Bad(Exception):
    """Ends the reading of a value whose problem has been noted."""


class _Reader:
    """Builds dataclasses from entries by their annotations and collects the problems."""

    def __init__(self, root: type):
        self.problems: list[tuple[Entry, str]] = []
        self._every_key = list(_keys_of_settings(root))

    def read_settings(self, settings: type[typing.Any], entry: Entry, key: str) -> typing.Any:
        """Returns the dataclass, or None after noting what is wrong."""
        prefix = f"{key}." if key else ""
        if not isinstance(entry.value, dict):
            self._note(
                entry,
                key,
                f"{_found(entry)}; it holds keys with values, such as "
                f"{', '.join(_fields(settings))}",
            )
            return None
        known = _fields(settings)
        before = len(self.problems)
        for name, child in entry.value.items():
            if name not in known:
                self._note(child, prefix + name, f"unknown key; {self._meant(prefix, name, known)}")
        values = {}
        for name, field in known.items():
            if name in entry.value:
                try:
                    values[name] = self._read(field, entry.value[name], prefix + name)
                except _Bad:
                    continue
            elif _is_required(settings, name):
                self._note(entry, prefix + name, "is missing")
        if hasattr(settings, "problems_between"):
            for bad, problem in settings.problems_between(values):
                self._note(_deepest(entry, bad), prefix + bad, problem)
        if len(self.problems) > before:
            return None
        result = settings(**values)
        for bad, problem in result.problems() if hasattr(result, "problems") else ():
            self._note(_deepest(entry, bad), prefix + bad, problem)
        return result

    def _read(self, wanted: typing.Any, entry: Entry, key: str) -> typing.Any:
        value: typing.Any = entry.value
        origin, args = typing.get_origin(wanted), typing.get_args(wanted)
        if origin in (typing.Union, types.UnionType):
            return self._read_union(args, entry, key)
        if isinstance(wanted, type) and dataclasses.is_dataclass(wanted):
            result = self.read_settings(wanted, entry, key)
            if result is None:
                raise _Bad
            return result
        if origin is tuple:
            # One value stands for a list of one.
            children = value if isinstance(value, list) else [entry]
            return tuple(
                self._all(
                    args[0],
                    (
                        (f"{key}[{i}]" if len(children) > 1 else key, child)
                        for i, child in enumerate(children)
                    ),
                )
            )
        if origin is collections.abc.Mapping:
            if not isinstance(value, dict):
                self._fail(entry, key, f"{_found(entry)}; it holds names with values")
            read = self._all(args[1], ((f"{key}.{name}", child) for name, child in value.items()))
            return dict(zip(value, read, strict=True))
        if wanted is float and type(value) is int:
            value = float(value)
        if type(value) is not wanted:
            self._fail(entry, key, f"{_found(entry)}; it is {_wanted((wanted,), value)}")
        if wanted is int and abs(value) >= _BEYOND_INT64:
            self._fail(entry, key, f"{_found(entry)}; it is a number below 2^63")
        if wanted is str and "\0" in value:
            self._fail(entry, key, f"{_found(entry)}; it is text without the character U+0000")
        if wanted is float and not math.isfinite(value):
            self._fail(entry, key, f"{_found(entry)}; it is a number that has an end")
        return value

    def _read_union(self, options: tuple, entry: Entry, key: str) -> typing.Any:
        if entry.value is None and types.NoneType in options:
            return None
        compound = [option for option in options if _is_compound(option)]
        scalars = [option for option in options if option not in (types.NoneType, *compound)]
        kinds: dict[type, type] = {list: tuple, dict: collections.abc.Mapping}
        kind = kinds.get(type(entry.value))
        fitting = [option for option in compound if typing.get_origin(option) is kind]
        if fitting or (compound and not scalars):
            return self._read([*fitting, *compound][0], entry, key)
        if type(entry.value) in options:
            return entry.value
        if type(entry.value) is int and float in options:
            return float(entry.value)
        self._fail(entry, key, f"{_found(entry)}; it is {_wanted(tuple(scalars), entry.value)}")

    def _all(self, wanted: typing.Any, items: Iterable[tuple[str, Entry]]) -> list:
        """Reads every item before it gives up, so that all their problems are noted."""
        values, failed = [], False
        for key, entry in items:
            try:
                values.append(self._read(wanted, entry, key))
            except _Bad:
                failed = True
        if failed:
            raise _Bad
        return values

    def _meant(self, prefix: str, name: str, known: Iterable[str]) -> str:
        siblings = [prefix + other for other in known]
        elsewhere = [other for other in self._every_key if other.rpartition(".")[2] == name]
        otherwise = (
            f"did you mean {elsewhere[0]}?"
            if elsewhere
            else f"the keys here are {', '.join(siblings)}"
        )
        close = difflib.get_close_matches(name, list(known), n=1)
        return f"did you mean {prefix}{close[0]}?" if close else otherwise

    def _note(self, entry: Entry, key: str, problem: str) -> None:
        self.problems.append((entry, f"{shortened(key)}: {problem}" if key else problem))

    def _fail(self, entry: Entry, key: str, problem: str) -> typing.NoReturn:
        self._note(entry, key, problem)
        raise _Bad


def _fields(settings: type[typing.Any]) -> dict[str, typing.Any]:
    hints = typing.get_type_hints(settings)
    return {field.name: hints[field.name] for field in dataclasses.fields(settings)}


def _default(settings: typing.Any, name: str) -> typing.Any:
    field = settings.__dataclass_fields__[name]
    made = field.default_factory
    return field.default if made is dataclasses.MISSING else made()


def _is_required(settings: type[typing.Any], name: str) -> bool:
    field = settings.__dataclass_fields__[name]
    missing = dataclasses.MISSING
    return field.default is missing and field.default_factory is missing


def _is_compound(option: object) -> bool:
    return dataclasses.is_dataclass(option) or typing.get_origin(option) is not None


def _keys_of_settings(settings: type[typing.Any], prefix: str = "") -> Iterator[str]:
    for name, wanted in _fields(settings).items():
        yield prefix + name
        if isinstance(wanted, type) and dataclasses.is_dataclass(wanted):
            yield from _keys_of_settings(wanted, f"{prefix}{name}.")


def _deepest(entry: Entry, key: str) -> Entry:
    """The entry of a dotted key, or the nearest of its parents that is written down."""
    name, _, rest = key.partition(".")
    if not isinstance(entry.value, dict) or name not in entry.value:
        return entry
    child = entry.value[name]
    return _deepest(child, rest) if rest else child


def _found(entry: Entry) -> str:
    match entry.value:
        case None:
            return "has no value"
        case bool():
            return f"is {str(entry.value).lower()}"
        case list():
            return "is a list"
        case dict():
            return "is a mapping"
        case str():
            return f"is {shortened(repr(entry.value))}"
        case _:
            return f"is {shortened(str(entry.value))}"


_NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def _wanted(options: tuple, found: object) -> str:
    kinds = (float, str) if int in options and float in options and str in options else options
    wanted = " or ".join(_NAMES[kind] for kind in kinds)
    if str in options and isinstance(found, (bool, int, float)):
        wanted += ": put it in quotes"
    return wanted
