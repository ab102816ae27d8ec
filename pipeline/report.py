"""What a run tells a person at its end."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .runner import RunResult


def render_report(result: RunResult) -> str:
    """Writes the facts of a run as a few lines of text.

    Args:
        result: Of a run that succeeded, whole or partial.

    Returns:
        Lines without a final line end.
    """
    summary = result.summary
    lines: list[str] = []
    if summary["data"]:
        lines += ["", *_data(summary["data"])]
    if summary["metrics"]["test"]:
        lines += ["", *_metrics(summary["metrics"])]
    if summary["blessed"] is not None:
        lines += ["", *_verdict(summary)]
    lines += ["", f"summary  {result.output}/summary.json"]
    if summary["pushed_to"]:
        lines += ["", "Try it:", f"  {_predict_command(summary['pushed_to'])}"]
    return "\n".join(lines)


def _data(data: dict[str, Any]) -> list[str]:
    splits = ", ".join(f"{split} {count:,}" for split, count in data["splits"].items())
    lines = [
        f"reviews  read {data['read']:,} = kept {data['kept']:,} + duplicates "
        f"{data['duplicates']:,} + rejected {data['rejected']:,}",
        f"splits   {splits}",
    ]
    reasons = sorted(data["rejected_because"].items(), key=lambda item: -item[1])
    if reasons:
        told = ", ".join(f"{reason} {count:,}" for reason, count in reasons)
        lines.append(f"rejected {told}")
    return lines


def _metrics(metrics: dict[str, Any]) -> list[str]:
    test, baseline = metrics["test"], metrics["baseline"]
    lines = [_headline("test", test)]
    if baseline:
        lines.append(_headline("baseline", baseline))
    width = max(len("class"), *map(len, test["per_class"]))
    lines += ["", f"{'class':{width}}  precision  recall     f1  support"]
    for name, facts in test["per_class"].items():
        lines.append(
            f"{name:{width}}  {facts['precision']:9.3f}  {facts['recall']:6.3f}  "
            f"{facts['f1']:5.3f}  {int(facts['support']):7,}"
        )
    return lines


def _headline(name: str, metrics: dict[str, Any]) -> str:
    return (
        f"{name:8} macro-F1 {metrics['macro_f1']:.3f}, accuracy {metrics['accuracy']:.3f}, "
        f"ECE {metrics['ece']:.3f}"
    )


def _verdict(summary: dict[str, Any]) -> list[str]:
    if summary["pushed_to"]:
        return [f"blessed  pushed to {summary['pushed_to']}"]
    if summary["blessed"] and summary["serving_validated"] is False:
        return ["not pushed: the serving validator could not load and query the model"]
    if summary["blessed"]:
        return ["blessed"]
    reasons = summary["not_blessed_because"] or ["the evaluator's thresholds are not met"]
    return [f"not blessed, so not pushed: {reason}" for reason in reasons]


def _predict_command(pushed_to: str) -> str:
    return f'reviewlens predict --model {shlex.quote(pushed_to)} "Fits well and looks great."'
