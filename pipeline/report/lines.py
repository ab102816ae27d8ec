"""What each node contributes to the report of a run, from the summary.

Each function takes a summary and gives lines, none if there is nothing to say.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from ...components.review_example_gen.accounting import small_splits
from ...components.task_registry import TASKS
from ...components.trainer.reading import reading_warning, vocabulary_warning
from ...serving.tasks.predictions import FIRST_TASK


def data(summary: dict[str, Any], rows: str = "reviews") -> list[str]:
    """Tells how many reviews there are, and what became of the others.

    Args:
        summary: Of the run.
        rows: What they are called, in 8 letters at most.
    """
    data = summary["data"]
    if not data:
        return []
    splits = ", ".join(f"{split} {count:,}" for split, count in data["splits"].items())
    lines = [
        f"{rows:8} read {data['read']:,} = kept {data['kept']:,} + duplicates "
        f"{data['duplicates']:,} + rejected {data['rejected']:,}",
        f"splits   {splits}",
    ]
    merged = data.get("merged", {})
    if merged.get("texts"):
        ties = f", {merged['ties']:,} of them without a majority" if merged["ties"] else ""
        texts = f"{merged['texts']:,} text{'s' if merged['texts'] > 1 else ''}"
        lines.append(
            f"merged   {merged['rows']:,} of the duplicates into {texts} of several classes{ties}"
        )
    reasons = sorted(data["rejected_because"].items(), key=lambda item: -item[1])
    if reasons:
        told = ", ".join(f"{reason} {count:,}" for reason, count in reasons)
        lines.append(f"rejected {told}")
    return lines


def reviews(summary: dict[str, Any]) -> list[str]:
    """Tells the same of reviews, and whether a split has too few of them."""
    found = summary["data"]
    few = small_splits(found["splits"], found.get("kinds") or {}) if found else []
    return [*data(summary), *(f"warning  {sentence}" for sentence in few)]


def reading(summary: dict[str, Any]) -> list[str]:
    """Tells how much of the reviews the encoder reads, and what to do if that is little."""
    training = summary["training"] or {}
    facts = training.get("reading")
    if not facts:
        return []
    told = report_of(summary).counted(training["counted"]) if "counted" in training else []
    warnings = filter(None, (reading_warning(facts), vocabulary_warning(facts)))
    told = [*(f"warning  {warning}" for warning in warnings), *told]
    if "stride" in facts:
        line = (
            f"reads    all of a review, {facts['max_tokens']} tokens at once; "
            f"{facts['reviews_in_windows']:.1%} are longer and read in windows, "
            f"{facts['stride']} tokens apart"
        )
        return [line, *told]
    line = (
        f"reads    {facts['max_tokens']} tokens of a review ({facts['truncation']}); "
        f"{facts['reviews_cut']:.1%} are longer, {facts['tokens_unread']:.1%} of all tokens unread"
    )
    return [line, *told]


def wide(summary: dict[str, Any]) -> list[str]:
    """Tells whether n-grams answer beside the encoder, and why."""
    found = (summary["training"] or {}).get("wide")
    if not found:
        return []
    before, after, error = (
        f"{found[key]:.3f}" for key in ("log_loss_before", "log_loss_after", "standard_error")
    )
    change = f"take the log loss of the eval split from {before} to {after}"
    if found["mode"] == "on":
        return [f"wide     model.wide is on: n-grams beside the encoder {change}"]
    if found["used"]:
        return [
            f"wide     kept: n-grams beside the encoder {change}, standard error {error}",
        ]
    return [
        f"wide     left out: n-grams beside the encoder would {change}, which is no gain of more "
        f"than its standard error, {error}"
    ]


def metrics(summary: dict[str, Any]) -> list[str]:
    """Tells how good the model is, as its task has it: overall, beside others, by class."""
    metrics = summary["metrics"]
    if not metrics["test"]:
        return []
    models = [metrics["test"], metrics["baseline"]]
    # A task that no n-grams can learn need not know of them.
    if metrics["ngram_baseline"]:
        models.append(metrics["ngram_baseline"])
    return report_of(summary).lines(*models)


def verdict(summary: dict[str, Any]) -> list[str]:
    """Tells whether the model is fit to be served, and where it is."""
    if summary["blessed"] is None:
        return []
    if summary["pushed_to"]:
        return [f"blessed  pushed to {summary['pushed_to']}"]
    if summary["blessed"] and not summary["refused_because"]:
        return ["blessed"]
    return ["not blessed, so not pushed:", *(f"  {why}" for why in summary["refused_because"])]


def commands_of_model(summary: Mapping[str, Any]) -> list[str]:
    """Says how a model that was pushed is asked."""
    arguments = getattr(report_of(summary), "EXAMPLE", ("Fits well and looks great.",))
    example = " ".join(f'"{each}"' if " " in each else each for each in arguments)
    return [f"reviewlens predict --model {shlex.quote(summary['pushed_to'])} {example}"]


def report_of(summary: Mapping[str, Any]) -> Any:
    """The module `report` of the task of a run, see `components.tasks.base.Report`.

    Args:
        summary: Of the run.
    """
    return TASKS.load(summary.get("task", FIRST_TASK), "report")
