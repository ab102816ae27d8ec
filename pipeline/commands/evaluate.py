"""`reviewlens evaluate`: judge a model by a labelled file that it has not seen."""

from __future__ import annotations

import argparse
import dataclasses
import os
import shutil
import tempfile
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...components.input_files import list_files
from ...components.review_example_gen.settings import DataSettings
from ...components.task_registry import TASKS
from ...errors import RunError, UsageError
from ..config import load_config
from .arguments import new_parser
from .models import add_server, opened_model

if TYPE_CHECKING:
    from ...serving.prediction import Predictor
    from ..report.html.facts import RunFacts

SUMMARY = "judge a model by a labelled file that it has not seen"

_EXAMPLES = """\
  reviewlens evaluate runs/amazon-snippets new.csv --config configs/amazon-snippets.yaml
  reviewlens evaluate runs/mine/serving/mine/3 new.csv --column review --label sentiment
  reviewlens evaluate --server localhost:8501 --model_name mine new.csv --output report.html
"""
# What of the report of a run is there for a file.
_SECTIONS = ("data", "results", "errors")


def make_parser() -> argparse.ArgumentParser:
    """Returns the parser of this command's arguments."""
    parser = new_parser(
        "evaluate",
        "Ask a model, here or behind a server, about the rows of a labelled file, and compare what "
        "it says with the labels: the figures of a run, and with --output its report. Columns and "
        "classes are those of a configuration, or --column and --label, whose cells are the names "
        "of the model's classes. Rows that cannot be used are left out and counted.",
        _EXAMPLES,
    )
    parser.add_argument(
        "model",
        metavar="MODEL",
        nargs="?",
        help="version directory, the one above it, or the output of a run",
    )
    parser.add_argument("file", metavar="FILE", help="file, folder or glob of labelled reviews")
    add_server(parser, parser)
    parser.add_argument(
        "--config", metavar="CONFIG.yaml", help="whose task and data section say what a row means"
    )
    parser.add_argument("--column", metavar="NAME", help="column of the reviews; default: text")
    parser.add_argument("--label", metavar="NAME", help="column of the labels; default: label")
    parser.add_argument(
        "--slice",
        metavar="NAME",
        action="append",
        help="column by whose values the figures are broken down; may be given more than once",
    )
    parser.add_argument("--output", metavar="FILE.html", help="file of the report")
    parser.add_argument(
        "--predictions",
        metavar="FILE.parquet",
        help="file of what the model says, as the evaluator of a run writes it",
    )
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Prints the figures of a model on a file, and writes what is asked for."""
    _check(arguments)
    config = load_config(arguments.config, (), "run") if arguments.config else None
    from ..evaluation import PREDICTIONS, evaluate_file, texts_learnt, with_input
    from ..pushed import version_of
    from .progress_bar import progress_bar

    version = version_of(arguments.model) if arguments.model else None
    # Before a model is loaded: whether there is a file.
    list_files(arguments.file, config.data.format if config else "auto")
    with (
        tempfile.TemporaryDirectory() as folder,
        opened_model(version, "", arguments) as model,
    ):
        task = _task_of(model, config)
        if config:
            settings = with_input(config.data, arguments.file)
            if settings.label and not settings.classes:
                settings = dataclasses.replace(settings, classes=dict.fromkeys(_labels(model)))
        else:
            settings = _settings(arguments, model)
        _check_classes(model, task, settings)
        seen = texts_learnt(version) if version else None
        # Rows are read as they are asked about: how many there are is known in the end.
        with progress_bar(None, "rows"):
            facts, known = evaluate_file(model, task, settings, folder, seen)
        told = None if seen is None else _overlap(known, facts)
        _print(facts, told)
        if arguments.predictions:
            shutil.copyfile(os.path.join(folder, PREDICTIONS), arguments.predictions)
            print(f"{arguments.predictions}: {facts.summary['data']['kept']:,} predictions")
        if arguments.output:
            _write_report(arguments, facts, told)
            print(f"report   {arguments.output}")
    return 0


def _check(arguments: argparse.Namespace) -> None:
    if bool(arguments.model) == bool(arguments.server):
        raise UsageError("evaluate: give either MODEL FILE or --server HOST:PORT FILE")
    if arguments.model and (arguments.model_name or arguments.grpc):
        raise UsageError("evaluate: --model_name and --grpc go with --server, not with MODEL")
    named = [flag for flag in ("column", "label", "slice") if getattr(arguments, flag)]
    if arguments.config and named:
        raise UsageError(f"evaluate: --{named[0]} is for files without --config; give one of both")
    for flag, ending in (("output", ".html"), ("predictions", ".parquet")):
        path = getattr(arguments, flag)
        if path is None:
            continue
        if not path.endswith(ending):
            raise UsageError(f"--{flag} {path}: its ending is {ending}")
        parent = os.path.dirname(path) or "."
        if not os.path.isdir(parent):
            raise RunError(f"--{flag} {path}: there is no folder {parent}")
        there = os.path.exists(path) and os.path.exists(arguments.file)
        if there and os.path.samefile(path, arguments.file):
            raise UsageError(f"--{flag} {path}: is the input; choose another file")


def _task_of(model: Predictor, config: Any) -> str:
    """The task of a model; a server does not tell, so there it is that of the configuration."""
    from ...serving.tasks.predictions import FIRST_TASK, check_task

    asked = config.task if config else FIRST_TASK
    found = getattr(model, "task", asked)
    if config:
        check_task(getattr(model, "directory", "behind the server"), found, asked)
    elif found != asked:
        raise UsageError(
            f"evaluate: the model is for {found}; give --config, whose data section says where "
            "that is in the file"
        )
    return found


def _settings(arguments: argparse.Namespace, model: Predictor) -> DataSettings:
    from ..evaluation import settings_of_columns

    return settings_of_columns(
        arguments.file,
        arguments.column or "text",
        arguments.label or "label",
        _labels(model),
        arguments.slice or (),
    )


def _labels(model: Predictor) -> Sequence[str]:
    """The classes of a model; a server is asked for an answer, which has them."""
    labels: Sequence[str] | None = getattr(model, "labels", None)
    if labels is None:
        (answer,) = model.predict([""])
        labels = list(getattr(answer, "probabilities", ()))
    return labels


def _check_classes(model: Predictor, task: str, settings: DataSettings) -> None:
    labels: Sequence[str] | None = getattr(model, "labels", None)
    if labels and settings.classes and set(labels) != set(settings.classes):
        raise UsageError(
            f"evaluate: the model answers with {', '.join(labels)}; the configuration has "
            f"{', '.join(settings.classes)}"
        )


def _overlap(known: int, facts: RunFacts) -> str:
    kept = facts.summary["data"]["kept"]
    if not known:
        return "None of these texts is one that the model has learnt from."
    return (
        f"{known:,} of these {kept:,} texts are among those that the model has learnt from: the "
        "figures are better than they would be without them."
    )


def _print(facts: RunFacts, overlap: str | None) -> None:
    data, test = facts.summary["data"], facts.summary["metrics"]["test"]
    print(f"rows     read {data['read']:,} = kept {data['kept']:,} + rejected {data['rejected']:,}")
    if data["rejected_because"]:
        reasons = sorted(data["rejected_because"].items(), key=lambda item: -item[1])
        print(f"rejected {', '.join(f'{reason} {count:,}' for reason, count in reasons)}")
    if overlap:
        print(f"learnt   {overlap}")
    print("\n".join(TASKS.load(facts.summary["task"], "report").lines(test, None)))


def _write_report(arguments: argparse.Namespace, facts: RunFacts, overlap: str | None) -> None:
    from ...files.whole_file import whole_file
    from ..report.html.blocks import Paragraph, Section
    from ..report.html.page import make_sections, render_page
    from ..report.html.sections import SECTIONS

    chosen = [name for name in SECTIONS if name.rpartition(":")[2] in _SECTIONS]
    model = arguments.model or f"{arguments.model_name or 'default'} at {arguments.server}"
    said = [
        Paragraph(f"The model {model}, judged by {arguments.file}."),
        *([Paragraph(overlap, "bad" if overlap[:4] != "None" else "")] if overlap else []),
    ]
    sections = [Section("evaluation", "Evaluation", tuple(said)), *make_sections(facts, chosen)]
    page = render_page(f"Evaluation of {os.path.basename(arguments.file)}", sections)
    with whole_file(arguments.output) as file:
        file.write(page)
