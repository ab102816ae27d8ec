"""YAML text as a tree that remembers where each value stands.

Scalars follow the core schema of YAML 1.2, not PyYAML's YAML 1.1: `5e-5` is a
number, `yes`, `no`, `on` and `1:30` are the strings that they look like.

What a file may ask of the reader is bounded: its size, how deep it is nested, and how many
values it has once every alias stands for what it repeats.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Any, NoReturn, TypeAlias

import yaml

# Far more than a person or a compiler writes.
LARGEST_FILE = 10_000_000
_DEEPEST = 100
_MOST_VALUES = 50_000
_MOST_TOKENS = 4 * _MOST_VALUES
# The largest float has one digit more; Python itself stops at some thousands.
_MOST_DIGITS = 308
_LONGEST_SHOWN = 80

Value: TypeAlias = "None | bool | int | float | str | list[Entry] | dict[str, Entry]"


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


class _TooMuch(yaml.MarkedYAMLError):
    """What may be YAML but is more than is read."""


class BoundedLoader(yaml.SafeLoader):
    """PyYAML's safe loader, which refuses what would take too much memory, stack or time."""

    def __init__(self, stream: str):
        super().__init__(stream)
        self._depth = 0
        self._values = 0
        self._values_of: dict[yaml.Node, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: object) -> yaml.Node:
        """Composes a node as PyYAML does and counts; an alias counts as all that it repeats."""
        event, before = self.peek_event(), self._values
        self._enter(self._depth, event.start_mark)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        if isinstance(event, yaml.AliasEvent):
            # Not known yet of a value that contains itself.
            self._values += self._values_of.get(node, 1)
        else:
            self._values += 1
            self._values_of[node] = self._values - before
        if self._values > _MOST_VALUES:
            _refuse(f"there are more than {_MOST_VALUES:,} values, aliases spelt out", event)
        return node

    def fetch_flow_collection_start(self, token_class: type[yaml.Token]) -> None:
        """Counts brackets before anything is composed: a line of them is read as a whole."""
        self._enter(self.flow_level, self.get_mark())
        super().fetch_flow_collection_start(token_class)

    def fetch_more_tokens(self) -> None:
        """Stops at what would be more values than are allowed, however they are nested."""
        if self.tokens_taken + len(self.tokens) > _MOST_TOKENS:
            _refuse(f"there are more than {_MOST_VALUES:,} values", self.get_mark())
        super().fetch_more_tokens()

    def _enter(self, depth: int, mark: yaml.Mark) -> None:
        if depth >= _DEEPEST:
            _refuse(f"values are nested more than {_DEEPEST} deep", mark)


def _refuse(problem: str, place: yaml.Event | yaml.Mark) -> NoReturn:
    mark = place if isinstance(place, yaml.Mark) else place.start_mark
    raise _TooMuch(problem=problem, problem_mark=mark)


class _CoreSchemaLoader(BoundedLoader):
    yaml_implicit_resolvers: dict[str, Any] = {}

    def stale_possible_simple_keys(self) -> None:
        # YAML ends keys at 1,024 characters, JSON does not; a value may be given as JSON.
        for key in self.possible_simple_keys.values():
            key.index = self.index
        super().stale_possible_simple_keys()


_TAG = "tag:yaml.org,2002:"
_COLLECTIONS = (_TAG + "seq", _TAG + "map")
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
    _CoreSchemaLoader.add_implicit_resolver(_TAG + _name, re.compile(rf"^(?:{_pattern})$"), _first)


def read_text(path: str) -> str:
    """Reads a file that should hold YAML.

    Args:
        path: Of the file.

    Returns:
        Its text, without a byte order mark.

    Raises:
        FileNotFoundError: There is no such file.
        SourceError: It cannot be read, is larger than 10 MB, or is not UTF-8.
    """
    try:
        # No more than is allowed, whatever the file is: its size may not be known before.
        with open(path, "rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SourceError([f"{shortened(path)}: cannot be read: {reason}"]) from None
    if len(content) > LARGEST_FILE:
        raise SourceError(
            [f"{path}: is larger than {LARGEST_FILE // 1_000_000} MB; give a file of settings"]
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SourceError(
            [
                f"{path}:{line}: byte 0x{error.object[error.start]:02x} is not UTF-8; "
                "save the file as UTF-8"
            ]
        ) from None


def parse(text: str, source: str, *, numbered: bool = True) -> Entry:
    """Reads one YAML document.

    Args:
        text: The document.
        source: What it is called in messages, such as a file name.
        numbered: Whether `source` has lines that a reader could look up.

    Returns:
        The document's root; its value is None for an empty document.

    Raises:
        SourceError: For text that is no YAML or more of it than is allowed, a key that stands
            twice in a mapping, a key that is no string, a value that contains itself, a tag
            without a use here, a number of very many digits, and text with half a character.

    Example:
        >>> parse("training:\\n  learning_rate: 5e-5", "a.yaml").value["training"].where
        'a.yaml:1'
    """
    builder = _Builder(source, numbered)
    try:
        loader = _CoreSchemaLoader(text)
        try:
            root = loader.get_single_node()
        except (ValueError, OverflowError):
            # Of a number in a directive or an escape, which PyYAML does not check.
            _refuse("a number is too large", loader.get_mark())
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
        elif not isinstance(node, yaml.ScalarNode) and node.tag not in _COLLECTIONS:
            self.problems.append(f"{result.where}: {_useless(node)}")
        elif isinstance(node, yaml.SequenceNode):
            result.value = [self.entry(child, (*within, node)) for child in node.value]
        elif isinstance(node, yaml.MappingNode):
            result.value = self._children(node, (*within, node))
        else:
            try:
                result.value = _scalar(node)
            except ValueError as error:
                self.problems.append(f"{result.where}: {error}")
        return result

    def _children(self, mapping: yaml.MappingNode, within: tuple) -> dict[str, Entry]:
        children: dict[str, Entry] = {}
        for key_node, value_node in mapping.value:
            here = self.at(key_node.start_mark)
            is_scalar = isinstance(key_node, yaml.ScalarNode)
            key = self.entry(key_node).value if is_scalar else None
            if not isinstance(key, str):
                shown = shortened(key_node.value) if is_scalar else "made of several values"
                problem = f"the key {shown} is not a string; put it in quotes"
                self.problems.append(f"{here.where}: {problem}")
            elif key in children:
                problem = f"stands twice, first at {children[key].where}; keep one of them"
                self.problems.append(f"{here.where}: {shortened(key)}: {problem}")
            else:
                here.value = self.entry(value_node, within).value
                children[key] = here
        return children


def shortened(text: str) -> str:
    """Brings any text into a message: on one line, and not longer than a line.

    Args:
        text: Such as a key or a value.

    Returns:
        The text itself where it is short and of characters that are seen.

    Example:
        >>> shortened("epochs"), shortened("a\\nb")
        ('epochs', 'a\\\\nb')
    """
    seen = text if text.isprintable() else repr(text)[1:-1]
    return seen if len(seen) <= _LONGEST_SHOWN else seen[: _LONGEST_SHOWN - 1] + "…"


def _scalar(node: yaml.ScalarNode) -> None | bool | int | float | str:
    """The value of a scalar.

    Raises:
        ValueError: It has none; says what is wrong.
    """
    kind, text = node.tag.removeprefix(_TAG), node.value
    if kind in _CORE_SCHEMA and not re.fullmatch(_CORE_SCHEMA[kind][0], text):
        raise ValueError(f"{shortened(text)} is no {kind}")
    match kind:
        case "null":
            return None
        case "bool":
            return text.lower() == "true"
        case "int":
            if len(text) > _MOST_DIGITS:
                raise ValueError(
                    f"a number of {len(text):,} digits, {_MOST_DIGITS} at most; put text in quotes"
                )
            return int(text)
        case "float":
            # YAML writes .inf and .nan, Python inf and nan.
            return float(re.sub(r"\.(?=[in])", "", text.lower()))
        case "str":
            return _whole_characters(text)
        case _:
            raise ValueError(_useless(node))


def _useless(node: yaml.Node) -> str:
    return f"the tag {shortened(node.tag)} has no use here; leave it out"


def _whole_characters(text: str) -> str:
    """Joins the pairs of escapes by which JSON writes characters beyond U+FFFF."""
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise ValueError(f"{shortened(text)} has half a character in it") from None


def explain(error: yaml.MarkedYAMLError) -> str:
    """Says what PyYAML, or `BoundedLoader`, has found wrong, on one line.

    Args:
        error: As it was raised.

    Returns:
        Such as `not valid YAML: found duplicate anchor`; the place is not in it.
    """
    problem = " ".join((error.problem or error.context or "").split())
    return problem if isinstance(error, _TooMuch) else f"not valid YAML: {problem}"


def _syntax(error: yaml.MarkedYAMLError, text: str) -> str:
    message = explain(error)
    lines = text.splitlines()
    mark = error.problem_mark
    line = lines[mark.line] if mark and mark.line < len(lines) else ""
    if re.search(r"[:,\[-]\s+[>|%@`]", line):
        message += "; a value that starts with one of > | % @ ` is put in quotes"
    elif "\t" in line:
        message += "; indent with spaces, not tabs"
    return message
