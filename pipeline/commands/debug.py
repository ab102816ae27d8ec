"""`reviewlens debug`: what was seen of a training, when it is over."""

from __future__ import annotations

import argparse
import json
import os
from typing import Any

from ...errors import UsageError
from .arguments import add_past_run, new_parser

SUMMARY = "show what the rules, the profiler and the saved tensors say of a training"

_EXAMPLES = """\
  reviewlens debug runs/amazon-snippets
  reviewlens debug runs/amazon-snippets --tensor head
  reviewlens debug runs/amazon-snippets/tensorboard/2026-01-31-120000
"""
# Looks of a tensor that are shown.
_ROWS = 20


def make_parser() -> argparse.ArgumentParser:
    """Returns the parser of this command's arguments."""
    parser = new_parser(
        "debug",
        "Show what was seen while the model of a run was trained: what the rules have found, where "
        "the time went, how fast each width was, and the tensors that `debug.save` has kept.",
        _EXAMPLES,
    )
    add_past_run(parser, "the folder that a training which failed has named")
    parser.add_argument(
        "--tensor", metavar="NAME", help="show those saved tensors whose names contain this"
    )
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Prints what was seen."""
    training, tensors = _seen(arguments.folder, arguments.run)
    if not training:
        raise UsageError(f"{arguments.folder}: this run has trained nothing")
    if arguments.tensor is None:
        _show_rules(training)
        _show_profile(training)
        return 0
    if tensors is None:
        raise UsageError(
            f"{arguments.folder}: no tensors were saved; run it with "
            "debug.save='[losses, gradients, weights]'"
        )
    _show_tensors(tensors, arguments.tensor)
    return 0


def _seen(folder: str, run: str | None) -> tuple[dict[str, Any], str | None]:
    """What a training has told of itself, and the file of its tensors."""
    from ..report.html.facts import facts_of

    # A training that failed has left what it told in its folder for TensorBoard.
    path, tensors = (os.path.join(folder, name) for name in ("training.json", "tensors.npz"))
    if run is None and os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            return json.load(file), tensors if os.path.exists(tensors) else None
    facts = facts_of(folder, run)
    saved = (facts.file(node, "model_run", "tensors.npz") for node in ("trainer", "pretrainer"))
    return facts.training, next(filter(None, saved), None)


def _show_rules(training: dict[str, Any]) -> None:
    from .tables import new_table, print_table

    if "failed" in training:
        print(f"the training failed after {training['steps']:,} steps: {training['failed']}\n")
    rules = training.get("rules")
    if rules is None:
        print("no rules watched this training (debug.on)")
        return
    findings = training["findings"]
    print(f"{len(rules)} rules watched the training and kept {len(findings)} findings")
    for found in findings:
        print(f"  {found['rule']}, step {found['step']}: {found['message']}; {found['advice']}")
    table = new_table("rule", "asked", "found", "not asked, as")
    for name, told in rules.items():
        row = (str(told["judged"]), str(told["findings"]), told.get("skipped", ""))
        table.add_row(name, *row)
    print()
    print_table(table)


def _show_profile(training: dict[str, Any]) -> None:
    from .tables import new_table, print_table

    profile = training.get("profile")
    if not profile:
        return
    seconds = dict(profile["seconds"])
    whole = seconds.pop("all")
    table = new_table("phase", "seconds", "share")
    for phase, took in sorted(seconds.items(), key=lambda item: -item[1]):
        table.add_row(phase, f"{took:.2f}", f"{took / whole:.1%}")
    print()
    print_table(table)
    table = new_table("tokens wide", "steps", "tokens a second")
    for width in profile["widths"]:
        if width["steps"]:
            speed = f"{width['tokens_per_second']:,.0f}"
            table.add_row(str(width["width"]), str(width["steps"]), speed)
    print()
    print_table(table)


def _show_tensors(path: str, name: str) -> None:
    import numpy as np

    from .tables import new_table, print_table

    with np.load(path) as saved:
        arrays = dict(saved)
    names = [str(each) for each in arrays.pop("names")]
    steps = {key: arrays.pop(key) for key in list(arrays) if key.endswith("/steps")}
    shown = 0
    for key, values in arrays.items():
        collection, _, figure = key.partition("/")
        chosen = names if values.ndim > 1 else [collection]
        for place, tensor in enumerate(chosen):
            if name not in tensor:
                continue
            shown += 1
            column = values[:, place] if values.ndim > 1 else values
            at = np.unique(np.linspace(0, len(column) - 1, _ROWS).astype(int))
            table = new_table("step", figure)
            for look in at:
                table.add_row(str(steps[f"{collection}/steps"][look]), f"{column[look]:.4g}")
            print(f"\n{collection}: {tensor}")
            print_table(table)
    if not shown:
        some = ", ".join(names[:3])
        raise UsageError(f"--tensor {name}: no saved tensor has that in its name; {some}, …")
