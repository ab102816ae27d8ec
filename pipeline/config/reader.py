"""From entries with places to dataclasses, by the annotations of their fields."""

from __future__ import annotations

import collections.abc
import dataclasses
import difflib
import math
import types
import typing
from collections.abc import Iterable, Iterator

from .yaml_source import Entry, shortened

# What is recorded of a run holds whole numbers of 64 bits.
_BEYOND_INT64 = 2**63

# In the metadata of a field that is no mapping: what to know who writes one.
NO_MAPPING = "no_mapping"


class _Bad(Exception):
    """Ends the reading of a value whose problem has been noted."""


class Reader:
    """Builds dataclasses from entries by their annotations and collects the problems.

    Args:
        root: The class of the whole configuration.

    Attributes:
        problems: What is wrong, each with the entry where it is.
        wrong: The keys of what is wrong.
        values: Section, such as `data`, -> what could be read of its keys.
    """

    def __init__(self, root: type):
        self.problems: list[tuple[Entry, str]] = []
        self.wrong: set[str] = set()
        self.values: dict[str, dict[str, typing.Any]] = {}
        self._every_key = list(_keys_of_settings(root))

    def read_settings(self, settings: type[typing.Any], entry: Entry, key: str) -> typing.Any:
        """Returns the dataclass, or None after noting what is wrong."""
        prefix = f"{key}." if key else ""
        if not isinstance(entry.value, dict):
            self._note(
                entry,
                key,
                f"{_found(entry)}; it holds keys with values, such as "
                f"{', '.join(fields_of(settings))}",
            )
            return None
        known = fields_of(settings)
        before = len(self.problems)
        for name, child in entry.value.items():
            if name not in known:
                self._note(child, prefix + name, f"unknown key; {self._meant(prefix, name, known)}")
        values = self.values[key] = {}
        for name, field in known.items():
            if name in entry.value:
                if problem := _no_mapping(settings, name, entry.value[name]):
                    self._note(entry.value[name], prefix + name, problem)
                    continue
                try:
                    values[name] = self._read(field, entry.value[name], prefix + name)
                except _Bad:
                    continue
            elif is_required(settings, name):
                self._note(entry, prefix + name, "is missing")
        if hasattr(settings, "problems_between"):
            for bad, problem in settings.problems_between(values):
                self._note(deepest(entry, bad), prefix + bad, problem)
        if len(self.problems) > before:
            return None
        result = settings(**values)
        for bad, problem in result.problems() if hasattr(result, "problems") else ():
            self._note(deepest(entry, bad), prefix + bad, problem)
        return result

    def _read(self, wanted: typing.Any, entry: Entry, key: str) -> typing.Any:
        value: typing.Any = entry.value
        origin, args = typing.get_origin(wanted), typing.get_args(wanted)
        if is_union(wanted):
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
            if isinstance(value, list) and types.NoneType in typing.get_args(args[1]):
                return self._read_names(value, key)
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
        fitting = [option for option in compound if _written_as(option) is type(entry.value)]
        if fitting or (compound and not scalars):
            return self._read([*fitting, *compound][0], entry, key)
        if type(entry.value) in options:
            return self._read(type(entry.value), entry, key)
        if type(entry.value) is int and float in options:
            return float(entry.value)
        wanted = _wanted(tuple(scalars), entry.value)
        for option in compound:
            if isinstance(option, type) and dataclasses.is_dataclass(option):
                wanted += f", or keys with values, such as {', '.join(fields_of(option))}"
        self._fail(entry, key, f"{_found(entry)}; it is {wanted}")

    def _read_names(self, names: list[Entry], key: str) -> dict[str, None]:
        """A list where a mapping is asked for whose values may be left out: they all are."""
        items = ((f"{key}[{i}]", name) for i, name in enumerate(names))
        read = self._all(str, items)
        for i, name in enumerate(read):
            if name in read[:i]:
                self._fail(names[i], f"{key}[{i}]", f"names {shortened(repr(name))} twice")
        return dict.fromkeys(read)

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
        self.wrong.add(key)
        self.problems.append((entry, f"{shortened(key)}: {problem}" if key else problem))

    def _fail(self, entry: Entry, key: str, problem: str) -> typing.NoReturn:
        self._note(entry, key, problem)
        raise _Bad


def fields_of(settings: type[typing.Any]) -> dict[str, typing.Any]:
    """Returns the annotation of each field of a dataclass.

    Args:
        settings: The dataclass.
    """
    hints = typing.get_type_hints(settings)
    return {field.name: hints[field.name] for field in dataclasses.fields(settings)}


def is_required(settings: type[typing.Any], name: str) -> bool:
    """Whether a field has no default.

    Args:
        settings: The dataclass.
        name: Of the field.
    """
    field = settings.__dataclass_fields__[name]
    missing = dataclasses.MISSING
    return field.default is missing and field.default_factory is missing


def _no_mapping(settings: type[typing.Any], name: str, entry: Entry) -> str | None:
    """What to say of a mapping where a field has a remark for whoever writes one."""
    remark = settings.__dataclass_fields__[name].metadata.get(NO_MAPPING)
    return f"{_found(entry)}; {remark}" if remark and isinstance(entry.value, dict) else None


def is_union(wanted: object) -> bool:
    """Whether an annotation is a choice of several.

    Args:
        wanted: The annotation.
    """
    return typing.get_origin(wanted) in (typing.Union, types.UnionType)


def _is_compound(option: object) -> bool:
    return dataclasses.is_dataclass(option) or typing.get_origin(option) is not None


def _written_as(option: object) -> type:
    """The type of the YAML value that a compound one is read from."""
    return list if typing.get_origin(option) is tuple else dict


def _keys_of_settings(settings: type[typing.Any], prefix: str = "") -> Iterator[str]:
    for name, wanted in fields_of(settings).items():
        yield prefix + name
        for option in typing.get_args(wanted) if is_union(wanted) else (wanted,):
            if isinstance(option, type) and dataclasses.is_dataclass(option):
                yield from _keys_of_settings(option, f"{prefix}{name}.")


def deepest(entry: Entry, key: str) -> Entry:
    """Returns the entry of a dotted key, or the nearest of its parents that is written down.

    Args:
        entry: Of the whole.
        key: Such as `data.text`.
    """
    name, _, rest = key.partition(".")
    if not isinstance(entry.value, dict) or name not in entry.value:
        return entry
    child = entry.value[name]
    return deepest(child, rest) if rest else child


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
