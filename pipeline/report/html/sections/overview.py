"""The verdict, and the figures that are looked at first."""

from __future__ import annotations

from ..blocks import Block, Cell, Paragraph, Section, Tiles, of_summary
from ..facts import RunFacts

# Of every task those that it has are shown.
_FIGURES = {
    "metrics.test.macro_f1": ("macro-F1", ".3f"),
    "metrics.test.f1": ("F1", ".3f"),
    "metrics.test.exact_match": ("exact match", ".3f"),
    "metrics.test.accuracy": ("accuracy", ".3f"),
    "metrics.test.perplexity": ("perplexity", ".2f"),
    "metrics.test.mlm_accuracy": ("hidden pieces right", ".1%"),
    "data.kept": ("texts", ",d"),
}


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
    return Section("overview", "Overview", tuple(blocks))


def _verdict(facts: RunFacts) -> Paragraph:
    summary = facts.summary
    if summary["pushed_to"]:
        return Paragraph(f"Blessed, and pushed to {summary['pushed_to']}.", "good")
    if summary["blessed"] is None:
        return Paragraph("This run did not judge a model.", "quiet")
    if summary["blessed"] and not summary["refused_because"]:
        return Paragraph("Blessed.", "good")
    return Paragraph(f"Not blessed, so not pushed: {'; '.join(summary['refused_because'])}.", "bad")
