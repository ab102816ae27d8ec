"""A configuration as a file that explains itself."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...components.review_example_gen.settings import DataSettings
from ...files import Dialect
from .proposing import Proposal

_WIDTH = 98
_KEYS = ("text", "rating", "label", "classes", "id", "group", "slices", "max_reject_fraction")
_DIALECT = ("delimiter", "encoding", "decimal", "sheet", "header_row")
# What needs no quotes, and is not read as anything but text.
_PLAIN = re.compile(r"[^\W\d][\w/.-]*(?: [\w/.-]+)*")
_WORDS = re.compile(r"(?i)null|true|false|nan|inf")


def configuration_text(
    proposal: Proposal, name: str, command: str, path: str, schema: str, found: Dialect
) -> str:
    """Writes a configuration with a comment on each choice.

    Args:
        proposal: What it says.
        name: Of the pipeline.
        command: That wrote it.
        path: Of the file, for the commands that come next.
        schema: Where its JSON Schema is, seen from the file.
        found: How the rows were found to be written.
    """
    settings = proposal.settings
    return "\n".join(
        [
            f"# yaml-language-server: $schema={schema}",
            f"# Written by `{command}`. Change what is wrong; README.md explains every key.",
            "#",
            f"#   reviewlens validate {path}",
            f"#   reviewlens run {path}",
            f"name: {scalar(name)}",
            f"output: {scalar(f'runs/{name}')}",
            "data:",
            f"  input: {scalar(settings.input)}",
            *_dialect_lines(settings, found),
            *_data_lines(settings, proposal.why),
            *_model_lines(proposal),
            "",
        ]
    )


def _dialect_lines(settings: DataSettings, found: Dialect) -> Iterator[str]:
    if settings.format != "auto":
        yield f"  format: {scalar(settings.format)}"
    told = [key for key in _DIALECT if getattr(settings, key) is None and getattr(found, key)]
    for key in _DIALECT:
        if getattr(settings, key) is not None:
            yield f"  {key}: {scalar(getattr(settings, key))}"
    if told:
        yield "  # Found out at each run; a key that is set is not looked for."
    for key in told:
        yield f"  # {key}: {scalar(getattr(found, key))}"


def _data_lines(settings: DataSettings, why: Mapping[str, str]) -> Iterator[str]:
    default = DataSettings("", ())
    for key in _KEYS:
        value = getattr(settings, key)
        if key in why:
            yield from _comment(
                f"{key}: {why[key]}" if value == getattr(default, key) else why[key]
            )
        if value != getattr(default, key):
            yield f"  {key}: {_flow(value)}"


def _model_lines(proposal: Proposal) -> Iterator[str]:
    if proposal.algorithm == "encoder":
        yield "# It has read English, and is fine-tuned; `reviewlens encoders list` has others."
        yield "encoder: minilm-l6"
        return
    yield from _comment(
        f"The texts are {proposal.language}, and the encoder that comes with this package has read "
        "English: word n-grams learn any language that has spaces. For an encoder of that language "
        "leave this out and set `encoder`, see `reviewlens encoders list`.",
        "",
    )
    yield "model: {algorithm: ngrams}"


def _comment(text: str, indent: str = "  ") -> list[str]:
    return textwrap.wrap(
        f"{text[0].upper()}{text[1:]}." if text[-1] not in ".:" else text,
        _WIDTH,
        initial_indent=f"{indent}# ",
        subsequent_indent=f"{indent}# ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        if all(each is None for each in value.values()):
            return _flow(list(value))
        return f"{{{', '.join(f'{scalar(key)}: {_flow(each)}' for key, each in value.items())}}}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(map(_flow, value))}]"
    return scalar(value)


def scalar(value: str | int | float) -> str:
    """Writes a value so that it is read as what it is.

    Args:
        value: Text or a number.

    Example:
        >>> scalar("Review Text"), scalar("true"), scalar("1: a"), scalar(5)
        ('Review Text', '"true"', '"1: a"', '5')
    """
    if not isinstance(value, str):
        return str(value)
    plain = _PLAIN.fullmatch(value) and not _WORDS.fullmatch(value)
    return value if plain else json.dumps(value, ensure_ascii=False)
