"""The configuration as a JSON Schema, for editors that complete, explain and check it."""

from __future__ import annotations

import collections.abc
import dataclasses
import json
import re
import textwrap
import types
import typing
from typing import Any

from ...choices import choices_of
from ...components.task_registry import TASKS, pretrains
from ...files import FORMATS
from .config import Config
from .pretraining import PretrainingConfig
from .reader import fields_of, is_required, is_union

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_SCALARS = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    types.NoneType: {"type": "null"},
}


def config_schema() -> dict[str, Any]:
    """Describes what a configuration may hold, from the dataclasses that it is read into.

    Keys, types and defaults are those that the reader goes by, descriptions those of the
    docstrings. What only the value tells, such as a number out of range, `validate` tells.

    Returns:
        A JSON Schema of the draft 2020-12, with plain values: that of a `PretrainingConfig` where
        `task` is one that pre-trains, otherwise that of a `Config`.

    Example:
        >>> config_schema()["$defs"]["TrainingSettings"]["properties"]["batch_size"]["type"]
        'integer'
    """
    definitions: dict[str, Any] = {}
    runs, pretrainings = (_reference(kind, definitions) for kind in (Config, PretrainingConfig))
    tasks = {kind: [name for name in TASKS if pretrains(name) is kind] for kind in (False, True)}
    for kind, of_kind in ((Config, False), (PretrainingConfig, True)):
        # Tasks of one's own are known where they are registered, and not to an editor.
        definitions[kind.__name__]["properties"]["task"]["examples"] = tasks[of_kind]
    for definition in definitions.values():
        if "format" in definition["properties"]:
            definition["properties"]["format"]["examples"] = ["auto", *FORMATS]
    return {
        "$schema": _DRAFT,
        "title": "Configuration of reviewlens",
        "type": "object",
        "if": {"properties": {"task": {"enum": tasks[True]}}, "required": ["task"]},
        "then": pretrainings,
        "else": runs,
        "$defs": definitions,
    }


def schema_text() -> str:
    """Returns `config_schema()` as the text of a file."""
    return json.dumps(config_schema(), indent=2) + "\n"


def _reference(settings: type[Any], definitions: dict[str, Any]) -> dict[str, str]:
    """Refers to a dataclass, which is described where that has not been done yet."""
    name = settings.__name__
    if name not in definitions:
        definitions[name] = {}
        told, options = _descriptions(settings), choices_of(settings)
        properties, required = {}, []
        for key, wanted in fields_of(settings).items():
            properties[key] = _schema_of(wanted, definitions)
            if key in options:
                properties[key]["enum"] = list(options[key])
            if key in told:
                properties[key]["description"] = told[key]
            if is_required(settings, key):
                required.append(key)
            elif (default := _default_of(settings, key)) is not dataclasses.MISSING:
                properties[key]["default"] = default
        definitions[name] = {
            "type": "object",
            "description": _first_sentence(settings),
            "properties": properties,
            "required": required,
            "additionalProperties": False,
        }
    return {"$ref": f"#/$defs/{name}"}


def _schema_of(wanted: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of what the reader takes for an annotation; a new one, which may be added to."""
    origin, arguments = typing.get_origin(wanted), typing.get_args(wanted)
    if is_union(wanted):
        options = [_schema_of(option, definitions) for option in arguments]
        flat = [one for option in options for one in option.get("anyOf", [option])]
        kinds = [one["type"] for one in flat if list(one) == ["type"]]
        if len(kinds) == len(flat):
            return {"type": kinds}
        return {"anyOf": [one for i, one in enumerate(flat) if one not in flat[:i]]}
    if origin is tuple:
        # One value stands for a list of one.
        item = _schema_of(arguments[0], definitions)
        return {"anyOf": [*item.get("anyOf", [item]), {"type": "array", "items": item}]}
    if origin is collections.abc.Mapping:
        values = _schema_of(arguments[1], definitions)
        mapping = {"type": "object", "additionalProperties": values}
        if types.NoneType in typing.get_args(arguments[1]):
            names = {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
            return {"anyOf": [mapping, names]}
        return mapping
    if dataclasses.is_dataclass(wanted):
        return dict(_reference(typing.cast(type, wanted), definitions))
    return dict(_SCALARS[wanted])


def _default_of(settings: type[Any], key: str) -> Any:
    """What a key is where it is left out; MISSING where that is a section of its own."""
    field = settings.__dataclass_fields__[key]
    made = field.default_factory
    value = field.default if made is dataclasses.MISSING else made()
    if dataclasses.is_dataclass(value):
        return dataclasses.MISSING
    return list(value) if isinstance(value, tuple) else value


def _descriptions(settings: type[Any]) -> dict[str, str]:
    """Of each field what the docstrings of a class and of those above it say."""
    told: dict[str, str] = {}
    for kind in reversed(settings.__mro__):
        *_, attributes = re.split(r"(?:Attributes|Args):\n", kind.__doc__ or "", maxsplit=1)
        body = textwrap.dedent(attributes.partition("\n\n")[0])
        for name, text in re.findall(r"^(\w+): (.*(?:\n +.*)*)", body, re.MULTILINE):
            told[name] = " ".join(text.split())
    return told


def _first_sentence(settings: type[Any]) -> str:
    return " ".join((settings.__doc__ or "").strip().partition("\n\n")[0].split())
