"""What the configurations of all graphs are checked for."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...components.review_example_gen.settings import DataSettings
from ...components.task_registry import TASKS

# Of a folder, on the file systems of Linux.
_LONGEST_NAME = 255


def name_problems(values: Mapping[str, Any], result: str) -> Iterator[tuple[str, str]]:
    """Yields `(key, problem)` of what a pipeline is called and where its results go.

    Args:
        values: Those keys that could be read, maybe `name`, of the pipeline and of what it
            pushes, and `output`, the folder of the results.
        result: What is pushed, such as "an encoder".
    """
    name = values.get("name", "unnamed")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
        yield (
            "name",
            f"is {name!r}; it becomes a folder and {result}: letters, digits, '-', '_' and '.', a "
            "letter or digit first",
        )
    if len(name) > _LONGEST_NAME:
        yield (
            "name",
            f"has {len(name)} characters; the name of a folder has at most {_LONGEST_NAME}",
        )
    if values.get("output") == "":
        yield "output", "is empty; it is the folder that receives the results"


def task_problems(
    task: str, data: DataSettings | None, *sections: tuple[str, Any, Sequence[str]]
) -> Iterator[tuple[str, str]]:
    """Yields `(key, problem)` of what a task finds wrong, or does not have.

    Args:
        task: Name of a registered one.
        data: The section of that name; None if it could not be read.
        *sections: Those of whose keys some are for some tasks only: name, settings (None if they
            could not be read), and these keys.
    """
    module = TASKS.load(task, "data")
    if data is not None:
        for key, problem in module.problems(data):
            yield f"data.{key}", problem
    of_task = getattr(module, "SETTINGS", {})
    for section, settings, keys in sections:
        known = of_task.get(section, ())
        instead = f"; it has {', '.join(known)}" if known else ""
        for key in keys if settings is not None else ():
            if key not in known and getattr(settings, key) != default_of(settings, key):
                yield f"{section}.{key}", f"is not for task {task}{instead}"


def default_of(settings: Any, name: str) -> Any:
    """Returns what a field is where nothing is said.

    Args:
        settings: A dataclass, or an instance of one.
        name: Of a field that has a default.
    """
    field = settings.__dataclass_fields__[name]
    made = field.default_factory
    return field.default if made is dataclasses.MISSING else made()
