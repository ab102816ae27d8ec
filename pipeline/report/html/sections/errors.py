"""What to read: the texts that the model is most wrong about, and labels that may be wrong."""

from __future__ import annotations

from ...analysis.answers import CLASSES, ENTITIES, PredictionsFile
from ...analysis.errors import Example, worst_errors, wrong_labels
from ..blocks import Block, Group, Paragraph, Section, Text, Texts
from ..facts import RunFacts
from .predictions import predictions_of

_ORDER = {
    CLASSES: "First come those whose label the model believes least.",
    ENTITIES: "First come those with most entities that it missed or should not have found.",
}
_OF_ANSWERS = "First come those that have least in common with a right one, the surest before."


def errors(facts: RunFacts) -> Section | None:
    """Shows the worst errors, and labels that are probably wrong; None without predictions.

    Args:
        facts: Of the run.
    """
    file = predictions_of(facts)
    if file is None:
        return None
    found = worst_errors(file)
    if not found.examples or not file.has_texts:
        return None
    share = found.wrong / found.examples
    told = f"The model is wrong about {found.wrong:,} of {found.examples:,} ({share:.1%})."
    blocks: list[Block] = [Paragraph(f"{told} {_ORDER.get(file.task, _OF_ANSWERS)}")]
    if found.worst:
        blocks.append(Texts(tuple(Text(_shown(each), _notes(each)) for each in found.worst)))
    return Section("errors", "Errors", (Group("Worst errors", tuple(blocks)), *_labels(file)))


def _shown(example: Example) -> str:
    return f"{example.question}\n{example.text}" if example.question else example.text


def _notes(example: Example) -> tuple[str, ...]:
    sure = "" if example.score is None else f", {example.score:.0%} sure"
    believed = [] if example.believed is None else [f"{example.believed:.0%} for the label"]
    return (
        f"label: {example.truth or 'none'}",
        f"model: {example.said or 'none'}{sure}",
        *believed,
        f"id {example.id}",
    )


def _labels(file: PredictionsFile) -> list[Block]:
    """Labels that are probably wrong, where there are classes."""
    found = wrong_labels(file)
    if found is None:
        return []
    count = len(found.found.rows)
    splits = " and ".join(sorted(set(file.splits)))
    blocks: list[Block] = [
        Paragraph(
            f"Of {count:,} of the {found.examples:,} texts of the splits {splits} the model "
            "is at least as sure that they are of another class than their label as it is on "
            "average of texts with that label. It is wrong, or the label is: those at the top are "
            "worth a look before anything is tuned."
        ),
        Paragraph(
            "Confident learning (Northcutt et al., 2021). The model has not learnt from these "
            "texts; the eval split has chosen its best epoch and its calibration.",
            "quiet",
        ),
    ]
    if found.worst:
        blocks.append(
            Texts(
                tuple(
                    Text(
                        each.text,
                        (
                            f"label: {each.truth}",
                            f"probably {each.said}, {each.score:.0%} sure",
                            f"{each.believed:.0%} for the label",
                            f"{each.split}, id {each.id}",
                        ),
                    )
                    for each in found.worst
                )
            )
        )
    return [Group("Labels that are probably wrong", tuple(blocks))]
