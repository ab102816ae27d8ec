"""From a YAML file, and values that win over it, to a configuration that has been checked.

Whatever a reader could find wrong in a file is told at once, each with its line, its key and the
nearest valid one.
"""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeAlias

from ...components.task_registry import TASKS, pretrains
from ...errors import UsageError
from ..nearest import nearest
from . import yaml_source
from .config import Config
from .pretraining import PretrainingConfig
from .reader import Reader, deepest
from .yaml_source import Entry, shortened

OVERRIDES = "command line"

AnyConfig: TypeAlias = Config | PretrainingConfig
_KINDS = (Config, PretrainingConfig)


def load_config(path: str, overrides: Iterable[str] = (), command: str | None = None) -> AnyConfig:
    """Reads and checks a configuration.

    Relative paths inside it are relative to the current directory.

    Args:
        path: The YAML file.
        overrides: `key=value` or `key.sub=value` each, the value in YAML; they win over the file.
        command: The command that it shall be for, `run` or `pretrain`; None for any.

    Returns:
        The configuration, in which every value has been checked: a `PretrainingConfig` where its
        `task` pre-trains an encoder, otherwise a `Config`.

    Raises:
        UsageError: If the file is missing or no YAML, is for another command, or for anything
            wrong in it; the message has one line per problem, each with file, line, key and what
            would be right.

    Example:
        >>> config = load_config("configs/amazon-snippets.yaml", ["training.epochs=1"])
        >>> config.training.epochs
        1
    """
    read = read_config(path, overrides, command)
    if read.config is None:
        raise UsageError(read.told())
    return read.config


@dataclasses.dataclass
class ReadConfig:
    """A configuration as far as it could be read.

    Attributes:
        kind: The class that it is for.
        config: The whole; None where something is wrong.
        values: Section, such as `data`, -> what could be read of its keys; those of the
            configuration itself under "".
        wrong: The keys of what is wrong.
        root: All that was written.
        problems: What is wrong, each with the entry where it is.
    """

    kind: type[AnyConfig]
    config: AnyConfig | None
    values: Mapping[str, Mapping[str, Any]]
    wrong: Collection[str]
    root: Entry
    problems: list[tuple[Entry, str]]

    def note(self, key: str, problem: str) -> None:
        """Adds what was found wrong elsewhere, such as in the files.

        Args:
            key: Such as `data.input`.
            problem: What is wrong and what would be right.
        """
        self.problems.append((deepest(self.root, key), f"{key}: {problem}"))

    def told(self) -> str:
        """Returns all problems, a line each, in the order of the file."""
        in_order = sorted(self.problems, key=lambda problem: problem[0].line or 0)
        return "\n".join(f"{entry.where}: {text}" for entry, text in in_order)


def read_config(path: str, overrides: Iterable[str] = (), command: str | None = None) -> ReadConfig:
    """Reads a configuration in which something may be wrong.

    Args:
        path: See `load_config`.
        overrides: See `load_config`.
        command: See `load_config`.

    Returns:
        What could be read, and what is wrong.

    Raises:
        UsageError: If the file is missing, no YAML or for another command.
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
    kind = _kind_of(root, path, command)
    reader = Reader(kind)
    config = reader.read_settings(kind, root, "")
    return ReadConfig(
        kind,
        None if reader.problems else config,
        reader.values,
        reader.wrong,
        root,
        reader.problems,
    )


def _kind_of(root: Entry, path: str, command: str | None) -> type[AnyConfig]:
    """The class that a file is read into, by its task; a task that there is not, that refuses."""
    assert isinstance(root.value, dict)
    entry = root.value.get("task", Entry(Config.task, path))
    kinds: dict[str, type[AnyConfig]] = {kind.COMMAND: kind for kind in _KINDS}
    task = entry.value
    if not isinstance(task, str) or task not in TASKS:
        return kinds[command or Config.COMMAND]
    kind = PretrainingConfig if pretrains(task) else Config
    if command in (None, kind.COMMAND):
        return kind
    instead = f"run it with `reviewlens {kind.COMMAND} {path}`"
    if kind is PretrainingConfig:
        raise UsageError(f"{entry.where}: task: {task} pre-trains an encoder; {instead}")
    raise UsageError(
        f"{entry.where}: task: {task} pre-trains no encoder; {instead}, or choose "
        f"{PretrainingConfig.task}"
    )


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
