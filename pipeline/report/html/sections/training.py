"""How a training went: its curves, what its rules have found, where its time has gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import plots
from ..blocks import (
    Block,
    Cell,
    Figure,
    Form,
    Group,
    Paragraph,
    Section,
    Table,
    Tiles,
    of_summary,
    value_at,
)
from ..facts import RunFacts
from ..words import counted, duration
from .bars import bars_of

_TILES: dict[str, tuple[str, Form]] = {
    "training.epochs": ("epochs", "d"),
    "training.best_epoch": ("kept after epoch", "d"),
    "training.steps": ("steps", ",d"),
    "training.seconds": ("the training took", duration),
    "training.examples_per_second": ("texts a second", ",.0f"),
    "training.tokens_per_second": ("tokens a second", ",.0f"),
    "training.precision": ("precision", ""),
}
_NAMES = {
    "loss": "loss of train",
    "eval_loss": "loss of eval",
    "log_loss": "log loss of eval",
    "macro_f1": "macro-F1",
    "f1": "F1",
    "ece": "calibration error",
    "mlm_accuracy": "hidden pieces right",
    "nsp_accuracy": "pairs told right",
}
# What a curve in the plot of losses shows, and that of figures from 0 to 1.
_LOSSES = ("loss", "eval_loss", "log_loss")
_SHARES = ("accuracy", "macro_f1", "f1", "exact_match", "mlm_accuracy", "nsp_accuracy", "ece")
_SAMPLED = {
    "cpu": "processors",
    "gpu": "GPU",
    "memory": "memory",
    "gpu_memory": "memory of the GPU",
}
_MOST_FINDINGS = 100


def training(facts: RunFacts) -> Section | None:
    """Says how the training went."""
    summary, record = facts.summary, facts.training
    if not summary.get("training"):
        return None
    tiles = tuple(
        (name, cell)
        for key, (name, form) in _TILES.items()
        if (cell := of_summary(summary, key, form)).value is not None
    )
    blocks: list[Block] = [Tiles(tiles)] if tiles else []
    if stopped := record.get("stopped_by"):
        blocks.append(Paragraph(f"Stopped before its end: {_stopped(stopped)}.", "bad"))
    blocks += _curves(record.get("history") or [], _rates(record.get("learning_rates") or {}))
    blocks += _rules(summary, record)
    blocks += _profile(facts)
    return Section("training", "Training", tuple(blocks)) if blocks else None


def _stopped(by: Any) -> str:
    return str(by.get("message") or by.get("rule") if isinstance(by, dict) else by)


def _curves(history: Sequence[dict[str, Any]], rates: Sequence[Block]) -> list[Block]:
    blocks: list[Block] = []
    if len(history) > 1:
        for y, shown in (("loss", _LOSSES), ("share", _SHARES)):
            found = [name for name in shown if all(name in epoch for epoch in history)]
            if found:
                blocks.append(_curve(history, found, y))
    blocks += rates
    names = list(dict.fromkeys(name for epoch in history for name in epoch))
    if names:
        rows = tuple(
            (str(number), *(_figure(epoch.get(name)) for name in names))
            for number, epoch in enumerate(history, start=1)
        )
        table = Table(("epoch", *(_named(name) for name in names)), rows)
        blocks.append(Group("Figures of each epoch", (table,), folded=len(history) > 1))
    return blocks


def _curve(history: Sequence[dict[str, Any]], names: Sequence[str], y: str) -> Figure:
    epochs = list(range(1, len(history) + 1))
    curves = {
        _named(name): plots.Line(
            epochs, [_number(epoch[name]) for epoch in history], marked=len(history) <= 20
        )
        for name in names
    }
    last = ", ".join(f"{_named(name)} {_figure(history[-1][name])}" for name in names)
    what = "Losses" if y == "loss" else "Figures of the eval split"
    return Figure(
        plots.lines(curves, "epoch", y, whole_numbers=True),
        f"{what} after each epoch.",
        f"{what} over {counted(len(history), 'epoch')}; in the end {last}.",
    )


def _rates(told: dict[str, Any]) -> list[Block]:
    """The learning rate over the steps; of a training that told of none, or took none, nothing."""
    steps, rates = told.get("steps") or [], told.get("rates") or []
    if len(steps) < 2:
        return []
    highest = rates.index(max(rates))
    return [
        Figure(
            plots.lines({"learning rate": plots.Line(steps, rates)}, "step", "learning rate"),
            "Learning rate of each step.",
            f"Learning rate over {counted(steps[-1], 'step')}: {rates[0]:.4g} at first, "
            f"{rates[highest]:.4g} after step {steps[highest]:,}, {rates[-1]:.4g} in the end.",
        )
    ]


def _named(name: str) -> str:
    return _NAMES.get(name, name.replace("_", " "))


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:,.4g}"


def _rules(summary: Any, record: dict[str, Any]) -> list[Block]:
    findings, rules = record.get("findings") or [], record.get("rules") or {}
    if not findings and not rules:
        return []
    blocks: list[Block] = []
    if findings:
        blocks += [
            Paragraph(f"{counted(len(findings), 'finding')}, in the order in which it was seen."),
            Table(
                ("step", "rule", "what", "what is seen", "what to try"),
                tuple(
                    (
                        f"{found.get('step') or 0:,}",
                        Cell(str(found.get("rule", "")), tone="bad"),
                        str(found.get("subject") or ""),
                        str(found.get("message", "")),
                        str(found.get("advice", "")),
                    )
                    for found in findings[:_MOST_FINDINGS]
                ),
            ),
        ]
    else:
        told = f"{counted(len(rules), 'rule')} watched the training and found nothing."
        blocks.append(Paragraph(told, "good"))
    if rules:
        rows = tuple(
            (
                name,
                of_summary(summary, f"training.rules.{name}.judged", ",d"),
                of_summary(summary, f"training.rules.{name}.findings", ",d"),
                Cell(str(of.get("skipped") or ""), tone="quiet"),
            )
            for name, of in rules.items()
        )
        table = Table(("rule", "times judged", "findings", "why it was left out"), rows)
        blocks.append(Group("The rules", (table,), folded=True))
    return [Group("What watches the training", tuple(blocks))]


def _profile(facts: RunFacts) -> list[Block]:
    profile = facts.training.get("profile")
    if not profile:
        return []
    blocks: list[Block] = []
    phases = {name: took for name, took in profile.get("seconds", {}).items() if name != "all"}
    if phases:
        largest = "Bars of seconds by phase; most went into"
        caption = "Seconds of each phase."
        blocks.append(bars_of(phases, "seconds", caption, largest, duration))
    blocks += _samples(profile.get("samples") or {})
    if phases:
        took = tuple(
            (name, of_summary(facts.summary, f"training.profile.seconds.{name}", duration))
            for name in phases
        )
        blocks.append(Group("Seconds of each phase", (Table(("phase", "time"), took),), True))
    if widths := profile.get("widths"):
        rows = tuple(
            (f"{one['width']:,}", f"{one['steps']:,}", f"{one['tokens_per_second']:,.0f}")
            for one in widths
            # Of a width that occurred once the only step was that which compiled.
            if one["steps"]
        )
        table = Table(("tokens wide", "steps", "tokens a second"), rows)
        blocks.append(Group("Speed of each width", (table,), True))
    if late := value_at(profile, "outliers.steps"):
        told = f"{counted(late, 'step')} lasted far longer than others of their width."
        blocks.append(Paragraph(told, "quiet"))
    return [Group("Where the time has gone", tuple(blocks))] if blocks else []


def _samples(samples: dict[str, Any]) -> list[Block]:
    """What was taken of the machine meanwhile, a plot for each unit."""
    blocks: list[Block] = []
    for y, names in (("busy, %", ("cpu", "gpu")), ("MB", ("memory", "gpu_memory"))):
        curves = {
            _SAMPLED[name]: plots.Line(samples["seconds"], [_number(v) for v in samples[name]])
            for name in names
            if any(value is not None for value in samples.get(name) or ())
        }
        if curves:
            what = " and ".join(curves)
            blocks.append(
                Figure(
                    plots.lines(curves, "seconds", y),
                    f"{what[0].upper()}{what[1:]} in use during the training"
                    f"{'; 100 % is one processor' if 'cpu' in names else ''}.",
                    f"Curves of {what} over the seconds of the training.",
                )
            )
    return blocks
