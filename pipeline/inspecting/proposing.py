"""From a look into files to a configuration that a run goes through with."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Any

from ...components.review_example_gen.settings import DataSettings
from ...files import Dialect
from .checking import Checked, check_files
from .choosing import Choice, equal_texts
from .languages import HARD_TO_TELL, language_of
from .sampling import Sample

_TASK = "text-classification"
_ENGLISH = "English"
# Of the words of a review about so many are read at most: 256 tokens at 1.3 each.
_WORDS_READ = 190
# Less is not worth a word.
_TOLD = 0.1
_COPIES_TOLD = 0.001


@dataclasses.dataclass(frozen=True)
class Proposal:
    """What is to be written.

    Attributes:
        settings: The section `data`.
        why: Its keys -> why they were chosen.
        algorithm: What learns, as in `model.algorithm`.
        language: Of most of the texts.
        lines: What a person should know.
        checked: What became of the rows with these settings.
    """

    settings: DataSettings
    why: Mapping[str, str]
    algorithm: str
    language: str
    lines: list[str]
    checked: Checked


def propose(source: str, format: str, dialect: Dialect, sample: Sample, choice: Choice) -> Proposal:
    """Tries what was chosen on the rows, with less of it where a run would fail.

    Args:
        source: The files, as `data.input` names them.
        format: As `data.format` does.
        dialect: What is said of how the rows are written.
        sample: Of the files.
        choice: What the columns are taken for.
    """
    said = {key: value for key, value in dataclasses.asdict(dialect).items() if value is not None}
    chosen = DataSettings(
        source,
        choice.text,
        {name: None if of is None else tuple(of) for name, of in choice.classes.items()},
        rating=choice.rating,
        label=choice.label,
        id=choice.id,
        group=choice.group,
        slices=choice.slices,
        format=format,
        **said,
    )
    settings, why, checked = chosen, dict(choice.why), check_files(chosen, _TASK)
    for fewer, key, reason in _with_less(chosen, checked):
        if not checked.problems:
            break
        tried = check_files(fewer, _TASK)
        # One problem may have hidden the next.
        if tried.problems != checked.problems:
            settings, checked = fewer, tried
            why[key] = reason
    texts = [" ".join(row.get(name, "") for name in settings.text).strip() for row in sample.rows]
    texts = [text for text in texts if text]
    language, share = language_of(texts)
    algorithm = "encoder" if language in (_ENGLISH, HARD_TO_TELL) else "ngrams"
    lines = [f"language {language}, {share:.0%} of the texts that were looked at"]
    lines += _length_lines(texts) + _copies_lines(sample, settings)
    return Proposal(settings, why, algorithm, language, lines, checked)


def _with_less(chosen: DataSettings, checked: Checked) -> Iterator[tuple[DataSettings, str, str]]:
    """Settings that ask less of the rows, each with the key that differs, and why."""
    report = checked.report
    if report and report.unreadable > chosen.max_reject_fraction * report.read:
        share = math.ceil(120 * report.unreadable / report.read) / 100
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in report.reasons.items())
        chosen = dataclasses.replace(chosen, max_reject_fraction=min(share, 1.0))
        yield chosen, "max_reject_fraction", f"many rows cannot be used: {reasons}"
    if chosen.group:
        chosen = dataclasses.replace(chosen, group=None)
        yield chosen, "group", "left out: with it a class would lack in a split"
    classes: dict[str, Any] = dict(chosen.classes)
    if chosen.rating and "neutral" in classes and "negative" in classes:
        neutral = classes.pop("neutral")
        classes["negative"] = (*classes["negative"], *neutral)
        chosen = dataclasses.replace(chosen, classes=classes)
        yield chosen, "classes", "two classes, as there are too few ratings for three"


def _length_lines(texts: list[str]) -> list[str]:
    words = sorted(len(text.split()) for text in texts)
    longer = sum(number > _WORDS_READ for number in words) / len(words)
    median, most = words[len(words) // 2], words[int(0.95 * len(words))]
    line = f"lengths  half of the texts have up to {median} words, 95 % up to {most}"
    if longer > _TOLD:
        line += (
            f"; {longer:.0%} have more than {_WORDS_READ}, about as many as an encoder reads: see "
            "model.max_tokens and model.truncation"
        )
    return [line]


def _copies_lines(sample: Sample, settings: DataSettings) -> list[str]:
    equal, near = equal_texts(sample, settings.text)
    rows = len(sample.rows)
    if near < _COPIES_TOLD * rows:
        return []
    return [
        f"copies   {equal / rows:.1%} of the rows have the text of another one, {near / rows:.1%} "
        "but for case and punctuation; equal texts are learnt from once"
    ]
