"""What a run tells a person at its end."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..local.runner import RunResult


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
        precision, recall, f1 = (_share(facts[key]) for key in ("precision", "recall", "f1"))
        lines.append(f"{name:{width}}  {precision:>9}  {recall:>6}  {f1:>5}  {facts['support']:7,}")
    return lines


def _headline(name: str, metrics: dict[str, Any]) -> str:
    return (
        f"{name:8} macro-F1 {_share(metrics['macro_f1'])}, "
        f"accuracy {_share(metrics['accuracy'])}, ECE {_share(metrics['ece'])}"
    )


def _share(value: float | None) -> str:
    """Three digits; a dash for what is undefined, such as the recall of a class without rows."""
    return "-" if value is None else f"{value:.3f}"


def _verdict(summary: dict[str, Any]) -> list[str]:
    if summary["pushed_to"]:
        return [f"blessed  pushed to {summary['pushed_to']}"]
    if summary["blessed"] and not summary["refused_because"]:
        return ["blessed"]
    return ["not blessed, so not pushed:", *(f"  {why}" for why in summary["refused_because"])]


def _predict_command(pushed_to: str) -> str:
    return f'reviewlens predict --model {shlex.quote(pushed_to)} "Fits well and looks great."'
