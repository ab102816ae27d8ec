"""YAML text as a tree that remembers where each value stands.

Scalars follow the core schema of YAML 1.2, not PyYAML's YAML 1.1: `5e-5` is a
number, `yes`, `no`, `on` and `1:30` are the strings that they look like.
"""

from __future__ import annotations

import dataclasses
import re

import yaml

Value = "None | bool | int | float | str | list[Entry] | dict[str, Entry]"


@dataclasses.dataclass
class Entry:
    """A value and where it stands.

    Attributes:
        value: A scalar, a list of entries, or entries by key.
        source: Name of the file, or what else leads a reader to it.
        line: Its line there, counted from 1; None where the source has no lines.
    """

    value: Value
    source: str
    line: int | None = None

    @property
    def where(self) -> str:
        """`FILE:LINE`, the head of a message."""
        return self.source if self.line is None else f"{self.source}:{self.line}"


@dataclasses.dataclass(frozen=True)
class SourceError(Exception):
    """Text that is no YAML, or YAML that a configuration has no use for.

    Attributes:
        problems: One message each, led by where it is.
    """

    problems: list[str]


class _CoreSchemaLoader(yaml.SafeLoader):
    yaml_implicit_resolvers = {}

    def stale_possible_simple_keys(self) -> None:
        # YAML ends keys at 1,024 characters, JSON does not; a value may be given as JSON.
        for key in self.possible_simple_keys.values():
            key.index = self.index
        super().stale_possible_simple_keys()


_CORE_SCHEMA = {
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "int": (r"[-+]?[0-9]+", list("-+0123456789")),
    "float": (
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
}
for _name, (_pattern, _first) in _CORE_SCHEMA.items():
    _CoreSchemaLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_name}", re.compile(rf"^(?:{_pattern})$"), _first
    )


def parse(text: str, source: str, *, numbered: bool = True) -> Entry:
    """Reads one YAML document.

    Args:
        text: The document.
        source: What it is called in messages, such as a file name.
        numbered: Whether `source` has lines that a reader could look up.

    Returns:
        The document's root; its value is None for an empty document.

    Raises:
        SourceError: For text that is no YAML, a key that stands twice in a mapping, a key
            that is no string, and a value that contains itself.

    Example:
        >>> parse("training:\\n  learning_rate: 5e-5", "a.yaml").value["training"].where
        'a.yaml:1'
    """
    builder = _Builder(source, numbered)
    try:
        root = yaml.compose(text, Loader=_CoreSchemaLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise SourceError([f"{builder.at(mark).where}: {_syntax(error, text)}"]) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1 if numbered else None
        character = f"the character U+{ord(text[error.position]):04X} is not allowed in YAML"
        raise SourceError([f"{Entry(None, source, line).where}: {character}"]) from None
    if root is None:
        return Entry(None, source)
    entry = builder.entry(root)
    if builder.problems:
        raise SourceError(builder.problems)
    return entry


class _Builder:
    """Turns the nodes of PyYAML into entries and notes what a configuration has no use for."""

    def __init__(self, source: str, numbered: bool):
        self.problems: list[str] = []
        self._source = source
        self._numbered = numbered

    def at(self, mark: yaml.Mark | None, value: Value = None) -> Entry:
        return Entry(value, self._source, mark.line + 1 if mark and self._numbered else None)

    def entry(self, node: yaml.Node, within: tuple[yaml.Node, ...] = ()) -> Entry:
        result = self.at(node.start_mark)
        if node in within:
            self.problems.append(f"{result.where}: the value contains itself")
        elif isinstance(node, yaml.SequenceNode):
            result.value = [self.entry(child, (*within, node)) for child in node.value]
        elif isinstance(node, yaml.MappingNode):
            result.value = self._children(node, (*within, node))
        else:
            result.value = _scalar(node)
        return result

    def _children(self, mapping: yaml.MappingNode, within: tuple) -> dict[str, Entry]:
        children: dict[str, Entry] = {}
        for key_node, value_node in mapping.value:
            key, here = key_node.value, self.at(key_node.start_mark)
            if not isinstance(key_node, yaml.ScalarNode) or not isinstance(_scalar(key_node), str):
                shown = key if isinstance(key_node, yaml.ScalarNode) else "made of several values"
                problem = f"the key {shown} is not a string; put it in quotes"
                self.problems.append(f"{here.where}: {problem}")
            elif key in children:
                problem = f"stands twice, first at {children[key].where}; keep one of them"
                self.problems.append(f"{here.where}: {key}: {problem}")
            else:
                here.value = self.entry(value_node, within).value
                children[key] = here
        return children


def _scalar(node: yaml.ScalarNode) -> None | bool | int | float | str:
    match node.tag.removeprefix("tag:yaml.org,2002:"):
        case "null":
            return None
        case "bool":
            return node.value.lower() == "true"
        case "int":
            return int(node.value)
        case "float":
            # YAML writes .inf and .nan, Python inf and nan.
            return float(re.sub(r"\.(?=[in])", "", node.value.lower()))
        case _:
            return node.value


def _syntax(error: yaml.MarkedYAMLError, text: str) -> str:
    message = f"not valid YAML: {error.problem or error.context}"
    lines = text.splitlines()
    mark = error.problem_mark
    line = lines[mark.line] if mark and mark.line < len(lines) else ""
    if re.search(r"[:,\[-]\s+[>|%@`]", line):
        message += "; a value that starts with one of > | % @ ` is put in quotes"
    elif "\t" in line:
        message += "; indent with spaces, not tabs"
    return message
