"""What went in: rows, those that were rejected, and what the texts are like."""

from __future__ import annotations

import collections
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from .....components.review_example_gen.settings import TRAIN
from ...analysis.answers import PredictionsFile
from ...analysis.inputs import (
    MOST,
    RejectedRow,
    Sample,
    SampledText,
    common_values,
    rejected_rows,
    sample_of_examples,
    sampled,
)
from ...analysis.texts import ALIKE, NOT_SURE, Alike, languages_of, near_duplicates, spread_of
from ..blocks import Block, Figure, Group, Paragraph, Section, Table, Text, Texts, of_summary
from ..facts import RunFacts
from ..plots import bars, flat_bars, histogram

_EXAMPLE_GENS = ("review-example-gen", "text-example-gen")
_LANGUAGES_OF = 2000
_SHOWN_VALUES, _SHOWN_PAIRS = 12, 8
_BINS = 30


def data(facts: RunFacts) -> Section | None:
    """Shows what the run has read; None where nothing was.

    Args:
        facts: Of the run; its node `review-example-gen` has left `examples` and `rejected`. Where
            there are no examples, the texts are those of `predictions.parquet`.
    """
    summary = facts.summary
    if not summary["data"]:
        return None
    blocks: list[Block] = [*_rows(summary), *_rejected(facts), *_kinds(summary)]
    sample = _sample(facts)
    if sample is not None and sample.texts:
        blocks += [*_extent(sample), *_lengths(summary, sample), *_languages(sample.texts)]
        blocks += [*_slices(sample), *_alike(sample.texts)]
    return Section("data", "What went in", tuple(blocks))


def _rows(summary: Any) -> list[Block]:
    told = {
        "rows that were read": "data.read",
        "examples that were made of them": "data.kept",
        "duplicates, for which another row stands": "data.duplicates",
        "rejected rows": "data.rejected",
    }
    rows = [(name, of_summary(summary, key, ",")) for name, key in told.items()]
    if summary["data"].get("merged", {}).get("texts"):
        rows += [
            ("texts of several classes", of_summary(summary, "data.merged.texts", ",")),
            ("of these without a majority", of_summary(summary, "data.merged.ties", ",")),
        ]
    rows = [row for row in rows if row[1].value is not None]
    return [Table(("", "rows"), tuple(rows))]


def _rejected(facts: RunFacts) -> list[Block]:
    reasons = facts.summary["data"].get("rejected_because") or {}
    if not reasons:
        return []
    rows = tuple(
        (reason, of_summary(facts.summary, f"data.rejected_because.{reason}", ","))
        for reason in sorted(reasons, key=lambda reason: -reasons[reason])
    )
    blocks: list[Block] = [Table(("reason", "rows"), rows)]
    folder = _folder(facts, "rejected")
    examples = rejected_rows(folder) if folder else {}
    texts = [_told(reason, row) for reason, found in examples.items() for row in found]
    if texts:
        blocks.append(Group("Such as these", (Texts(tuple(texts)),), folded=True))
    return [Group("Rejected rows", tuple(blocks))]


def _told(reason: str, row: RejectedRow) -> Text:
    return Text(row.raw, (f"{row.file}, row {row.row:,}", reason, row.detail))


def _kinds(summary: Any) -> list[Block]:
    """How many examples of each class every split has, where there are classes."""
    kinds = summary["data"].get("kinds") or {}
    names = list(next(iter(kinds.values()), {}))
    if len(names) < 2:
        return []
    rows = tuple(
        (name, *(of_summary(summary, f"data.kinds.{split}.{name}", ",") for split in kinds))
        for name in names
    )
    shares = {
        split: [count / max(sum(of.values()), 1) for count in of.values()]
        for split, of in kinds.items()
    }
    told = ", ".join(
        f"{name} {sum(of[name] for of in kinds.values()):,}" for name in names[:_SHOWN_VALUES]
    )
    blocks: list[Block] = [Table(("", *kinds), rows)]
    if len(names) <= _SHOWN_VALUES:
        caption = "Share of the examples of each split"
        figure = Figure(bars(names, shares, "share"), caption, f"{caption}: {told}")
        blocks.append(figure)
    return [Group("Classes", tuple(blocks))]


def _sample(facts: RunFacts) -> Sample | None:
    if folder := _folder(facts, "examples"):
        slices = (facts.summary.get("config") or {}).get("data", {}).get("slices") or ()
        return sample_of_examples(folder, tuple(slices))
    path = facts.predictions
    return _sample_of_predictions(PredictionsFile(path)) if path else None


def _sample_of_predictions(file: PredictionsFile) -> Sample:
    rows, texts = {}, []
    for split in dict.fromkeys(file.splits):
        places = np.flatnonzero(file.splits == split)
        rows[split] = len(places)
        # Rows are in the order of their ids, which says nothing of what they are like.
        some = np.random.default_rng(0).permutation(places)[: MOST.get(split, max(MOST.values()))]
        some.sort()
        values = {name: file.slice_values(name, some) for name in file.slices}
        for at, text in enumerate(file.texts(some)):
            slices = {name: str(of[at] or "") for name, of in values.items()}
            texts.append(sampled(split, text, slices))
    return Sample(rows, texts)


def _folder(facts: RunFacts, output: str) -> str | None:
    return next((found for node in _EXAMPLE_GENS if (found := facts.file(node, output))), None)


def _extent(sample: Sample) -> list[Block]:
    if sample.is_all:
        return []
    taken = collections.Counter(text.split for text in sample.texts)
    told = ", ".join(
        f"{taken[split]:,} of {count:,} of the split {split}"
        for split, count in sample.rows.items()
    )
    text = f"What follows is of a sample, chosen by a hash of the examples: {told}."
    return [Paragraph(text, "quiet")]


def _lengths(summary: Any, sample: Sample) -> list[Block]:
    lengths = {
        split: [text.characters for text in sample.texts if text.split == split]
        for split in sample.rows
    }
    spreads = {split: spread_of(of) for split, of in lengths.items()}
    rows = tuple(
        (
            split,
            *(
                f"{value:,.0f}"
                for value in (
                    *(spread.least, spread.quarter, spread.median),
                    *(spread.three_quarters, spread.ninety_nine, spread.most),
                )
            ),
        )
        for split, spread in spreads.items()
        if spread
    )
    columns = ("", "shortest", "quarter", "median", "three quarters", "99 of 100", "longest")
    everything = [length for of in lengths.values() for length in of]
    # A few that are very long would leave one bin for all others.
    end = max(float(np.percentile(everything, 99)), 1.0)
    edges = np.linspace(0, end, _BINS + 1)
    counts = np.histogram(np.minimum(everything, end), edges)[0]
    caption = "Characters of a text; the longest hundredth is in the last bar"
    told = f"{caption}. The median is {np.median(everything):,.0f}."
    figure = Figure(
        histogram({"texts": counts.tolist()}, edges.tolist(), "characters", "texts"), caption, told
    )
    return [Group("Lengths", (Table(columns, rows), figure, *_tokens(summary)))]


def _tokens(summary: Any) -> list[Block]:
    """How much of the texts an encoder reads, as the trainer has counted in those of the train
    split."""
    reading = (summary.get("training") or {}).get("reading")
    if not reading:
        return []
    key = "training.reading"
    shown = {
        "tokens that are read at once": ("max_tokens", ","),
        "reviews that are longer": ("reviews_cut", ".1%"),
        "tokens that are not read": ("tokens_unread", ".1%"),
        "reviews that are read in windows": ("reviews_in_windows", ".1%"),
        "pieces of a word": ("pieces_per_word", ".2f"),
        "pieces that the vocabulary does not have": ("unknown_pieces", ".1%"),
    }
    rows = tuple(
        (name, of_summary(summary, f"{key}.{figure}", form))
        for name, (figure, form) in shown.items()
        if figure in reading
    )
    return [Table(("", ""), rows)] if rows else []


def _languages(texts: Sequence[SampledText]) -> list[Block]:
    # As many of every part of the files.
    step = -(-len(texts) // _LANGUAGES_OF)
    chosen = texts[::step]
    found = languages_of([text.text for text in chosen])
    names = [_language(code) for code, _ in found]
    told = tuple(
        (name, f"{count:,}", f"{count / len(chosen):.1%}")
        for name, (_, count) in zip(names, found, strict=True)
    )
    note = Paragraph(
        f"Of {len(chosen):,} texts, by their letters; of a short text it is mostly hard to tell.",
        "quiet",
    )
    shown = told[:_SHOWN_VALUES]
    return [Group("Languages", (note, Table(("language", "texts", "share"), shown)))]


def _language(code: str) -> str:
    return "hard to tell" if code == NOT_SURE else code


def _slices(sample: Sample) -> list[Block]:
    names = dict.fromkeys(itertools.chain.from_iterable(text.slices for text in sample.texts))
    blocks = []
    for name in names:
        found, others = common_values((text.slices[name] for text in sample.texts), _SHOWN_VALUES)
        figure = flat_bars([value for value, _ in found], [count for _, count in found], "texts")
        more = f", and {others:,} more values" if others else ""
        told = ", ".join(f"{value} {count:,}" for value, count in found)
        caption = f"Texts by {name}{more}"
        blocks.append(Figure(figure, caption, f"{caption}: {told}"))
    return [Group("Slices", tuple(blocks))] if blocks else []


def _alike(texts: Sequence[SampledText]) -> list[Block]:
    found = near_duplicates([text.text for text in texts])
    if not found.pairs:
        told = "No two of these texts say nearly the same."
        return [Group("Near duplicates", (Paragraph(told, "quiet"),))]

    def across(pair: Alike) -> bool:
        return (texts[pair.first].split == TRAIN) != (texts[pair.second].split == TRAIN)

    leaks = [pair for pair in found.pairs if across(pair)]
    blocks: list[Block] = [
        Paragraph(
            f"{found.texts:,} of {len(texts):,} texts say nearly the same as another one: at least "
            f"{ALIKE:.0%} of their pairs of adjacent words are the same."
        )
    ]
    if leaks:
        blocks.append(Paragraph(_leak(leaks, texts), "bad"))
    # Those that tell of a leak first.
    shown = sorted(found.pairs, key=lambda pair: not across(pair))[:_SHOWN_PAIRS]
    table = tuple(
        Text(
            f"{texts[pair.first].text}\n\n{texts[pair.second].text}",
            (f"{pair.similarity:.0%}", f"{texts[pair.first].split}, {texts[pair.second].split}"),
        )
        for pair in shown
    )
    return [Group("Near duplicates", (*blocks, Group("Pairs", (Texts(table),), folded=True)))]


def _leak(leaks: Sequence[Alike], texts: Sequence[SampledText]) -> str:
    judged = {
        place
        for pair in leaks
        for place in (pair.first, pair.second)
        if texts[place].split != TRAIN
    }
    return (
        f"Of the texts that a model is judged by, {len(judged):,} nearly repeat one of the split "
        "train, which it has all but learnt. Where rows belong together, a column named by "
        "data.group keeps them in one split."
    )
