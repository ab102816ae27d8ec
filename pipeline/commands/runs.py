"""`reviewlens runs`: what runs there were, and how two of them differ."""

from __future__ import annotations

import argparse
import collections
import json
from typing import TYPE_CHECKING, Any

from ...errors import RunError, UsageError
from .arguments import new_parser

if TYPE_CHECKING:
    from ..report.history import Run

SUMMARY = "list the runs that there were, or compare two of them"

_EXAMPLES = """\
  reviewlens runs
  reviewlens runs runs/amazon-snippets
  reviewlens runs compare runs/amazon-snippets runs/quick
  reviewlens runs compare runs/demo@2026-11-28T09:40 runs/demo
"""
# Of a model one of these is looked at first, where there are any.
_FIRST = ("macro_f1", "f1", "exact", "accuracy", "mlm_accuracy")
_SHOWN = 2
_NONE = "-"


def make_parser() -> argparse.ArgumentParser:
    """Returns the parser of this command's arguments."""
    parser = new_parser(
        "runs",
        "Lists the runs whose outputs are below a folder, with the settings in which those of one "
        "name differ; or shows how two runs differ in settings and figures, and whether the models "
        "differ on the examples that both were tested with.",
        _EXAMPLES,
    )
    parser.add_argument(
        "words",
        nargs="*",
        metavar="DIR | compare A B",
        help="the folder to look in, by default the current one; or the two runs to compare: each "
        "an output folder (of which it is the last run), the id of a run below the current folder, "
        "or how that begins, or OUTPUT@ID",
    )
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Prints the list, or the comparison."""
    match arguments.words:
        case []:
            _list(".")
        case ["compare", first, second]:
            _compare(first, second)
        case ["compare", *names]:
            raise UsageError(f"runs compare: takes two runs, not {len(names)}")
        case [folder]:
            _list(folder)
        case _:
            raise UsageError("runs: takes one folder, or compare and two runs")
    return 0


def _list(folder: str) -> None:
    from ..report.history import differing, find_runs
    from .tables import new_table, print_table

    runs = find_runs(folder)
    if not runs:
        print(f"{folder}: no runs are here; `reviewlens run` leaves one under its output")
        return
    alike = collections.defaultdict(list)
    for run in runs:
        alike[run.settings.get("name")].append(run)
    keys = {name: [k for k in differing(of) if k != "output"] for name, of in alike.items()}
    table = new_table(
        *("run", "when (UTC)", "rows", "seconds", "blessed", "figures"), "settings that differ"
    )
    for run in runs:
        settings = run.settings
        named = [f"{key}={_text(settings.get(key))}" for key in keys[settings.get("name")]]
        table.add_row(
            *(
                _plain(run.name),
                run.started[:16].replace("T", " "),
                _rows(run),
                _seconds(run),
                _blessed(run),
            ),
            _plain("  ".join(f"{name} {value:.4g}" for name, value in _headline(run).items())),
            _plain(" ".join(named) if settings else "(not known)"),
        )
    print_table(table)


def _compare(first: str, second: str) -> None:
    from ..report.history import differing, find_run
    from .tables import new_table, print_table

    a, b = find_run(first, "."), find_run(second, ".")
    print(f"A  {a.name}\nB  {b.name}\n")
    table = new_table("setting", "A", "B")
    for key in differing([a, b]):
        table.add_row(*map(_plain, (key, _text(a.settings.get(key)), _text(b.settings.get(key)))))
    unknown = [name for name, run in (("A", a), ("B", b)) if not run.settings]
    if unknown:
        print(f"the configuration of {' and '.join(unknown)} was not kept\n")
    elif not table.row_count:
        print("the settings are the same\n")
    else:
        print_table(table)
        print()
    figures = new_table("figure of the test split", "A", "B", "B - A")
    for name in dict.fromkeys([*a.figures, *b.figures]):
        one, other = a.figures.get(name), b.figures.get(name)
        apart = _NONE
        if one is not None and other is not None:
            # Numbers of examples are whole; where they are the same, nothing is apart.
            apart = f"{other - one:+.4f}" if isinstance(one, float) else ""
        figures.add_row(name, _number(one), _number(other), apart)
    figures.add_row("seconds", _seconds(a), _seconds(b), "")
    figures.add_row("blessed", _blessed(a), _blessed(b), "")
    print_table(figures)
    print()
    for line in _tested(a, b):
        print(line)


def _tested(a: Run, b: Run) -> list[str]:
    """What the paired test says, or why there is none."""
    try:
        from ..report.analysis.paired import compare_files

        # What is told is what B has more than A.
        paired = compare_files(_predictions(b), _predictions(a))
    except (RunError, UsageError) as error:
        return [f"no paired test: {error}"]
    lines = [
        f"both were tested with {paired.rows:,} examples, of {paired.of_second:,} of A and "
        f"{paired.of_first:,} of B"
        + (f"; {paired.relabelled:,} more tell different things" if paired.relabelled else "")
    ]
    for name, apart in paired.differences.items():
        verdict = "" if apart.is_certain else ", which may be chance"
        lines.append(
            f"  {name}: B - A is {apart.value:+.4f}, with 95 % between {apart.low:+.4f} and "
            f"{apart.high:+.4f}{verdict}"
        )
    if paired.p_value is not None:
        lines.append(
            f"  only B is right on {paired.gained:,}, only A on {paired.lost:,}: McNemar's test "
            f"gives p = {paired.p_value:.3g}"
        )
    return lines


def _predictions(run: Run) -> str:
    from ..report.html.facts import facts_of

    path = facts_of(run.output, run.id).predictions
    if path is None:
        raise RunError(f"{run.name}: its predictions.parquet is not there")
    return path


def _headline(run: Run) -> dict[str, float]:
    figures = run.figures
    first = [name for name in _FIRST if name in figures] or list(figures)
    return {name: figures[name] for name in first[:_SHOWN]}


def _rows(run: Run) -> str:
    data = run.summary.get("data") or {}
    return f"{data['kept']:,}" if "kept" in data else _NONE


def _seconds(run: Run) -> str:
    took = (run.summary.get("run") or {}).get("seconds")
    return _NONE if took is None else f"{took:.0f}"


def _blessed(run: Run) -> str:
    blessed = run.summary.get("blessed")
    return _NONE if blessed is None else "yes" if blessed else "no"


def _number(value: float | None) -> str:
    return _NONE if value is None else f"{value:.4f}" if isinstance(value, float) else f"{value:,}"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _plain(text: str) -> str:
    """Text that may hold whatever a configuration holds: brackets are no markup in a table."""
    from rich.markup import escape

    return escape(text)
