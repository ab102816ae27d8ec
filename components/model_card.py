"""`model_card.md`: what a pushed version is, for people and for the hubs that models are put on.

The front matter is that of Hugging Face's hub, with the figures as its `model-index`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

CARD_FILE = "model_card.md"

_MOST_CHARACTERS = 80
# What Markdown or HTML would take for markup.
_MARKUP = re.compile(r"[\\`*_{}\[\]()#!|~<>&$]")
_SLICES = 50
# Name of a figure here -> what hubs call it.
_HUBS = {
    "accuracy": "accuracy",
    # The first of a kind is the one that a hub shows: of entities that of all of them.
    "f1": "f1",
    "macro_f1": "f1",
    "precision": "precision",
    "recall": "recall",
    "exact": "exact_match",
    "perplexity": "perplexity",
}
# Hubs know these by name; any other is told in words.
_LICENCES = {"apache-2.0", "mit", "bsd-3-clause", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0"}
_USES = {
    "text-classification": "tells which of the classes below a text is of",
    "token-classification": "finds the parts of a text that are of the types below",
    "question-answering": "finds the answer to a question in a text, or that there is none",
    "masked-language-model": "is an encoder to start other models from: it has learnt to guess "
    "masked pieces of texts, and by itself decides nothing",
}


def model_card(
    name: str,
    task: str,
    *,
    dataset: str = "",
    metrics: Mapping[str, Any] | None = None,
    labels: Sequence[str] = (),
    encoder: str = "",
    licence: str | None = None,
    training: Mapping[str, Any] | None = None,
    reading: Mapping[str, Any] | None = None,
) -> str:
    """Writes the card of a model.

    Names of classes and values of slices come from data: in the text they stand without line
    breaks and clipped, and none of them is markup.

    Args:
        name: Of the model.
        task: Name of its task, such as `text-classification`.
        dataset: What it has learnt from: a path or an address, of which the last part is named.
        metrics: What `metrics.json` holds; None where it was not judged. Beside those of `test`
            there may be the figures of the `start`, before it was trained.
        labels: Its classes or types.
        encoder: What it started from, as a configuration has it.
        licence: Of that; None where it is not known.
        training: Settings, or facts, of the training.
        reading: How much of a text is read: `max_tokens`, and of that the `truncation` or, where
            all is read in windows, the `stride`; None where that is not told.

    Returns:
        YAML between two lines of dashes, and Markdown.

    Example:
        >>> card = model_card("mine", "text-classification", labels=["bad", "good"])
        >>> card.splitlines()[:3]
        ['---', 'library_name: reviewlens', 'pipeline_tag: text-classification']
    """
    test = (metrics or {}).get("test") or {}
    data = dataset.partition("?")[0].rstrip("/").rpartition("/")[2]
    front = _front_matter(name, task, data, test, encoder, licence)
    lines = [f"# {_text(name)}", "", f"This model {_USES.get(task, f'is for {_text(task)}')}."]
    if encoder:
        told = "of which the licence is not known here" if licence is None else _text(licence)
        lines += ["", f"It started from the encoder {_text(_without_folders(encoder))} ({told})."]
    lines += ["", "## Data", "", f"It has learnt from {_text(data) or 'data that is not named'}."]
    lines += ["", "## Intended use", "", *_use(labels, reading or {})]
    start = (metrics or {}).get("start") or {}
    lines += ["", "## Figures", "", *_figures(test, start), *_slices(test)]
    lines += ["", "## Training", "", *_settings(training or {})]
    lines += ["", "## Limits", "", *_limits(test)]
    return f"---\n{front}---\n\n" + "\n".join(lines) + "\n"


def licence_of(encoder: str) -> str | None:
    """Returns the licence of an encoder of the catalog, None where it is not known.

    Args:
        encoder: Its name.
    """
    from ..models.encoders.catalog import ENCODERS

    known = ENCODERS.get(encoder)
    return known.licence if known else None


def _front_matter(
    name: str, task: str, data: str, test: Mapping[str, Any], encoder: str, licence: str | None
) -> str:
    hub_task = "fill-mask" if task == "masked-language-model" else task
    front: dict[str, Any] = {"library_name": "reviewlens", "pipeline_tag": hub_task}
    if licence:
        front["license"] = licence.lower() if licence.lower() in _LICENCES else "other"
    if encoder.startswith("hf://"):
        front["base_model"] = encoder.removeprefix("hf://").partition("@")[0]
    front["tags"] = ["reviewlens", "tensorflow", "keras"]
    figures = {figure: test[figure] for figure in _HUBS if _is_number(test.get(figure))}
    if figures:
        # A hub's list of known data sets has none of one's own files.
        dataset = {"name": data or "unnamed", "type": "custom", "split": "test"}
        results = [
            {"type": _HUBS[figure], "name": figure, "value": float(value)}
            for figure, value in figures.items()
        ]
        front["metrics"] = list(dict.fromkeys(_HUBS[figure] for figure in figures))
        result = {"task": {"type": hub_task}, "dataset": dataset, "metrics": results}
        front["model-index"] = [{"name": name, "results": [result]}]
    return yaml.safe_dump(front, sort_keys=False, allow_unicode=False, width=100)


def _use(labels: Sequence[str], reading: Mapping[str, Any]) -> Iterator[str]:
    yield "For texts like those that it was tested with; it was not tested with others."
    if labels:
        yield ""
        yield f"It knows: {', '.join(_text(label) for label in labels)}."
    if told := _reads(reading):
        yield ""
        yield told


def _reads(reading: Mapping[str, Any]) -> str:
    if reading.get("algorithm") == "ngrams":
        return "It reads all of a text."
    most = reading.get("max_tokens")
    if not most:
        return ""
    if "stride" in reading:
        return f"It reads all of a text: of a longer one {most} pieces at a time."
    if reading.get("truncation") == "head_tail":
        return (
            f"It reads {most} pieces of a text: of a longer one a quarter of them from its "
            "beginning, and the others from its end."
        )
    return f"It reads the first {most} pieces of a text."


def _figures(test: Mapping[str, Any], start: Mapping[str, Any]) -> Iterator[str]:
    figures = {name: value for name, value in test.items() if _is_number(value)}
    if not figures:
        yield "It was not judged."
        return
    yield "On examples that nothing was learnt from:"
    yield ""
    before = any(name in start for name in figures)
    yield f"| figure | value |{' before |' if before else ''}"
    yield f"|---|---|{'---|' if before else ''}"
    for name, value in figures.items():
        former = f" {_number(start.get(name))} |" if before else ""
        yield f"| {_text(name)} | {_number(value)} |{former}"
    per_class = test.get("per_class") or test.get("per_type") or {}
    if per_class:
        yield ""
        yield from _table("class", per_class)
    # Such as the questions that have an answer, and those that have none.
    kinds = {
        name.replace("_", " "): value
        for name, value in test.items()
        if isinstance(value, Mapping) and _is_number(value.get("examples"))
    }
    if kinds:
        yield ""
        yield from _table("of which", kinds)


def _slices(test: Mapping[str, Any]) -> Iterator[str]:
    slices = test.get("slices") or {}
    if not slices:
        return
    yield ""
    yield "By slice:"
    yield ""
    yield from _table("slice", dict(list(slices.items())[:_SLICES]))
    if len(slices) > _SLICES:
        yield ""
        yield f"{len(slices) - _SLICES:,} more slices are not shown."


def _table(title: str, rows: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    columns = list(
        dict.fromkeys(name for row in rows.values() for name, v in row.items() if _is_number(v))
    )
    yield f"| {title} | {' | '.join(map(_text, columns))} |"
    yield "|---" * (len(columns) + 1) + "|"
    for name, row in rows.items():
        yield f"| {_text(name)} | {' | '.join(_number(row.get(column)) for column in columns)} |"


def _settings(training: Mapping[str, Any]) -> Iterator[str]:
    told = {k: v for k, v in training.items() if isinstance(v, str) or _is_number(v)}
    if not told:
        yield "How it was trained is not told."
        return
    yield "| | |"
    yield "|---|---|"
    for name, value in told.items():
        yield f"| {_text(name)} | {_text(value if isinstance(value, str) else f'{value:g}')} |"


def _limits(test: Mapping[str, Any]) -> Iterator[str]:
    yield "- What its data gets wrong, or leaves out, it has learnt as well."
    yield "- It was tested with texts from the same source as those that it has learnt from. Of"
    yield "  texts from elsewhere, or in another language, the figures say nothing."
    count = test.get("examples")
    if _is_number(count):
        yield f"- The figures are of {count:,} examples; those of a slice are of the few in it."
    yield "- It is no basis for a decision about a person."


def _without_folders(encoder: str) -> str:
    """The name of an encoder; of a folder of this machine the last part alone."""
    here = encoder.startswith(("/", ".", "~"))
    return encoder.rstrip("/").rpartition("/")[2] if here else encoder


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: Any) -> str:
    if not _is_number(value):
        return "-"
    return f"{value:.4f}" if isinstance(value, float) else f"{value:,}"


def _text(value: str) -> str:
    """One line of a few words, none of it markup, of whatever a class or a slice is called."""
    shown = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in str(value))
    shown = " ".join(shown.split())
    if len(shown) > _MOST_CHARACTERS:
        shown = f"{shown[:_MOST_CHARACTERS]}…"
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", shown)
