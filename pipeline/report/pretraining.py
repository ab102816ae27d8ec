"""What each node of a pre-training contributes to its report, as `lines` has it of the others."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from typing import Any

from .lines import data

_HEADS = {"loaded": "came with the encoder", "fresh": "started at random"}
_FIGURES = {
    "perplexity": ("perplexity", ".2f"),
    "mlm_accuracy": ("hidden pieces right", ".1%"),
    "nsp_accuracy": ("pairs told right", ".1%"),
}


def texts(summary: dict[str, Any]) -> list[str]:
    """Tells how many texts there are, and what became of the others."""
    return data(summary, "texts")


def segments(summary: dict[str, Any]) -> list[str]:
    """Tells what the texts were packed into, and how full that is."""
    facts = summary.get("segments")
    if not facts:
        return []
    lines = [
        f"segments {facts['segments']:,}, {facts['fill']:.1%} full, of {facts['pieces']:,} word "
        f"pieces in {facts['sentences']:,} sentences"
    ]
    if facts["pairs"]:
        lines.append(
            f"pairs    {facts['paired']:.1%} of the segments, {facts['random']:,} of "
            f"{facts['pairs']:,} with a second part from elsewhere; {facts['single']:.1%} of the "
            "texts have one sentence only"
        )
    return lines


def training(summary: dict[str, Any]) -> list[str]:
    """Tells how long the training took, and which heads were there before it."""
    facts = summary["training"]
    if not facts:
        return []
    epochs = f"{facts['epochs']} epoch{'s' if facts['epochs'] > 1 else ''}"
    chosen = f", the best after {facts['best_epoch']}" if facts["epochs"] > 1 else ""
    heads = facts["heads"].items()
    told = ", ".join(f"head of {name} {_HEADS[heads_of]}" for name, heads_of in heads)
    return [
        f"training {epochs}{chosen}, {facts['steps']:,} steps in {facts['seconds']:,.0f} s, "
        f"{facts['tokens_per_second']:,.0f} tokens/s; {told}"
    ]


def metrics(summary: dict[str, Any]) -> list[str]:
    """Tells how well the encoder guesses, beside the one that it was."""
    test, start = summary["metrics"]["test"], summary["metrics"].get("start")
    if not test:
        return []
    lines = [f"judged   by {test['segments']:,} segments that nothing was learnt from"]
    for name, (title, shown) in _FIGURES.items():
        if name in test:
            before = f"{_number(start.get(name), shown)} before, " if start else ""
            lines.append(f"{title:24} {before}{_number(test[name], shown)} after")
    if start:
        lines.append(start["sentence"])
    return lines


def commands_of_encoder(summary: Mapping[str, Any]) -> list[str]:
    """Says how an encoder that was pushed is fine-tuned."""
    folder = os.path.dirname(summary["pushed_to"])
    return [f"reviewlens run my-reviews.yaml {shlex.quote(f'encoder={folder}')}"]


def _number(value: float | None, shown: str) -> str:
    return "no number" if value is None else format(value, shown)
