"""The verdict, and the figures that are looked at first."""

from __future__ import annotations

import datetime
import os

from .....components.review_example_gen.accounting import small_splits
from .....components.trainer.reading import reading_warning, vocabulary_warning
from ..blocks import Block, Cell, Form, Paragraph, Section, Tiles, of_summary, value_at
from ..facts import RunFacts
from ..words import counted, duration, millions

# Of every task those that it has are shown.
_FIGURES: dict[str, tuple[str, Form]] = {
    "metrics.test.macro_f1": ("macro-F1", ".3f"),
    "metrics.test.f1": ("F1", ".3f"),
    "metrics.test.exact_match": ("exact match", ".3f"),
    "metrics.test.accuracy": ("accuracy", ".3f"),
    "metrics.test.perplexity": ("perplexity", ".2f"),
    "metrics.test.mlm_accuracy": ("hidden pieces right", ".1%"),
    "data.kept": ("texts", ",d"),
    "encoder.parameters": ("parameters", millions),
    "run.seconds": ("the run took", duration),
}
_BEFORE = ("metrics.ngram_baseline.sentence", "metrics.start.sentence")


def overview(facts: RunFacts) -> Section:
    """Says whether the model is fit to be served, and how good it is."""
    summary = facts.summary
    tiles: list[tuple[str, Cell]] = []
    for key, (name, form) in _FIGURES.items():
        cell = of_summary(summary, key, form)
        if cell.value is not None:
            tiles.append((name, cell))
    blocks: list[Block] = [_verdict(facts)]
    if tiles:
        blocks.append(Tiles(tuple(tiles)))
    blocks += [Paragraph(sentence) for key in _BEFORE if (sentence := value_at(summary, key))]
    blocks += [Paragraph(told, "bad") for told in _warnings(facts)]
    if told := _when(facts):
        blocks.append(Paragraph(told, "quiet"))
    return Section("overview", "Overview", tuple(blocks))


def _verdict(facts: RunFacts) -> Paragraph:
    summary = facts.summary
    if summary.get("pushed_to"):
        return Paragraph(f"Blessed, and pushed to {_pushed_to(facts)}.", "good")
    if summary.get("blessed") is None:
        return Paragraph("This run did not judge a model.", "quiet")
    if summary["blessed"] and not summary["refused_because"]:
        return Paragraph("Blessed.", "good")
    return Paragraph(f"Not blessed, so not pushed: {'; '.join(summary['refused_because'])}.", "bad")


def _pushed_to(facts: RunFacts) -> str:
    """Where the model is, in short where that is below the output."""
    pushed, output = facts.summary["pushed_to"], os.path.abspath(facts.output)
    return pushed.removeprefix(os.path.join(output, ""))


def _warnings(facts: RunFacts) -> list[str]:
    told = []
    reading = value_at(facts.summary, "training.reading")
    warnings = [reading_warning(reading), vocabulary_warning(reading)] if reading else []
    if data := facts.summary.get("data"):
        warnings += small_splits(data["splits"], data.get("kinds") or {})
    for warning in filter(None, warnings):
        told.append(f"{warning[0].upper()}{warning[1:]}.")
    if found := facts.training.get("findings"):
        told.append(
            f"{counted(len(found), 'finding')} of the rules that watch a training; see below."
        )
    return told


def _when(facts: RunFacts) -> str:
    run = facts.summary.get("run") or {}
    if not run:
        return ""
    started = datetime.datetime.fromisoformat(run["started"])
    cached = facts.summary.get("cached")
    taken = f"; {counted(len(cached), 'node')} taken from earlier runs" if cached else ""
    return f"Run {run['id']}, begun {started:%Y-%m-%d %H:%M} UTC{taken}."
