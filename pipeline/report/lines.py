"""What each node contributes to the report of a run, from the summary.

Each function takes a summary and gives lines, none if there is nothing to say.
"""

from __future__ import annotations

from typing import Any


def data(summary: dict[str, Any]) -> list[str]:
    """Tells how many reviews there are, and what became of the others."""
    data = summary["data"]
    if not data:
        return []
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


def metrics(summary: dict[str, Any]) -> list[str]:
    """Tells how good the model is, overall and class by class."""
    test, baseline = summary["metrics"]["test"], summary["metrics"]["baseline"]
    if not test:
        return []
    lines = [_headline("test", test)]
    if baseline:
        lines.append(_headline("baseline", baseline))
    width = max(len("class"), *map(len, test["per_class"]))
    lines += ["", f"{'class':{width}}  precision  recall     f1  support"]
    for name, facts in test["per_class"].items():
        precision, recall, f1 = (_share(facts[key]) for key in ("precision", "recall", "f1"))
        lines.append(f"{name:{width}}  {precision:>9}  {recall:>6}  {f1:>5}  {facts['support']:7,}")
    return lines


def verdict(summary: dict[str, Any]) -> list[str]:
    """Tells whether the model is fit to be served, and where it is."""
    if summary["blessed"] is None:
        return []
    if summary["pushed_to"]:
        return [f"blessed  pushed to {summary['pushed_to']}"]
    if summary["blessed"] and not summary["refused_because"]:
        return ["blessed"]
    return ["not blessed, so not pushed:", *(f"  {why}" for why in summary["refused_because"])]


def _headline(name: str, metrics: dict[str, Any]) -> str:
    return (
        f"{name:8} macro-F1 {_share(metrics['macro_f1'])}, "
        f"accuracy {_share(metrics['accuracy'])}, ECE {_share(metrics['ece'])}"
    )


def _share(value: float | None) -> str:
    """Three digits; a dash for what is undefined, such as the recall of a class without rows."""
    return "-" if value is None else f"{value:.3f}"
