"""Compares how good and how fast a run learns a task with transformers' recipe for it.

    make bench-peers
    python benchmarks/tasks.py --data FOLDER

trains on files of entities, WNUT-17 and MAMS, and on questions, DisflQA's, judged by XQuAD's
(`entity_files.py` and `question_files.py` say where they are from), with as many epochs and rows a
step as transformers' `run_ner.py` and `run_qa.py` have by default: a run of `reviewlens run`, all
else at its defaults, and that recipe with the same encoder on the very same rows, in turn. The
splits are those of the files, less texts that are there twice; no paragraph that is judged by is
learnt from. Both learn from `train`; ours also fits its decision to `eval` and keeps the best epoch
there, for which the recipe has no use.

For entities the recipe is given the words of CoNLL's files; texts are cut into runs of letters and
digits, every other character that is no space being a word of its own. An entity that it finds goes
from the first character of its first word to the last of its last; it is right if these and its
label are. Answers are judged as SQuAD's own script does.

Prints F1 and more, each with a 95 % interval over seeds and texts, the time of the training, by the
processor and by the clock, and how far ours is from the recipe; appends all to
`results/tasks.json`. What was measured is kept under `runs/benchmarks/tasks`, and taken over while
the code, the rows and the settings are the same. Files that are missing are left out, and said.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import functools
import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import entity_trials
import numpy as np
import question_trials
import yaml
from judging import Estimate
from peer_choice import add_peers, print_left_out
from record import PEERS, append_record, versions
from reviews import CHECKPOINT, ENCODER
from tables import print_table
from task_rows import SIZES, draw, write_rows
from workers import Worker, peer_python, working

from reviewlens.files import file_digest
from reviewlens.pipeline.fingerprint import code_fingerprint

ROOT = Path(__file__).parents[1]
FIRST_SEED = 7
# No model is refused here, however bad or however much worse than the one before it.
GATES = ("evaluation.min_f1=0", "evaluation.max_regression=1")
OURS = "reviewlens"
KINDS = (entity_trials, question_trials)
KIND_OF = {name: kind for kind in KINDS for name in kind.FILES}
FILES = {name: file for kind in KINDS for name, file in kind.FILES.items()}
# What is set over the defaults of the Trainer, behind the name of the recipe.
RECIPES = {
    "": {},
    " in bfloat16": {"bf16": True},
    # That of ours.
    " in bfloat16 at the rate of ours": {"bf16": True, "learning_rate": 1e-4},
}
PEER_SETTINGS = {
    kind: {f"transformers, {kind.PEER}{name}": settings for name, settings in RECIPES.items()}
    for kind in KINDS
}
# F1 that the run has printed, and that of what the model it has pushed answers.
TOLERANCE = 0.005


@dataclasses.dataclass(frozen=True)
class Trial:
    """One file.

    Attributes:
        folder: Where all of it is kept.
        kind: The module of its task.
        file: What it is.
        config: Path of the configuration.
        rows: Of each split, as the pipeline keeps them.
        epochs: Passes over the training split.
        batch_size: Rows a step.
        settings: Of ours, over the defaults.
        peers: Those that take part, by name the settings of the Trainer.
    """

    folder: Path
    kind: ModuleType
    file: Any
    config: str
    rows: dict[str, list]
    epochs: int
    batch_size: int
    settings: tuple[str, ...]
    peers: dict[str, dict]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a training came to.

    Attributes:
        answers: To each row of the test split, as the kind has them.
        seconds: Of the training, on the clock; None where it was not timed.
        processor_seconds: The same, of all cores.
    """

    answers: list
    seconds: float | None
    processor_seconds: float | None


def main() -> None:
    """Measures, prints and records."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("csv", nargs="?", help="not needed, as none of the texts are from it")
    parser.add_argument("--data", help="folder with the files of WNUT-17, MAMS and XQuAD")
    default = ["wnut17", "mams", "xquad"]
    parser.add_argument("--files", nargs="+", default=default, choices=list(FILES))
    parser.add_argument("--rows", type=int, default=0, help="of each split at most; 0 for all")
    parser.add_argument("--seeds", type=int, default=3, help="how many")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument(
        "--threads",
        type=int,
        default=2,
        help="of each system; with 1 the processor time is right on a busy machine, too",
    )
    parser.add_argument(
        "--set", nargs="+", default=[], metavar="KEY=VALUE", help="settings of ours"
    )
    parser.add_argument("--work", default=str(ROOT / "runs" / "benchmarks" / "tasks"))
    names = [name for settings in PEER_SETTINGS.values() for name in settings]
    add_peers(parser, names)
    arguments = parser.parse_args()

    found = {name: FILES[name].read(arguments.data) for name in arguments.files}
    drawn = {name: draw(rows, arguments.rows or None) for name, rows in found.items() if rows}
    print_files(drawn)
    trials = prepare(drawn, arguments)
    seeds = range(FIRST_SEED, FIRST_SEED + arguments.seeds)
    results = {}
    with contextlib.ExitStack() as stack:

        @functools.cache
        def peer_of(kind: ModuleType) -> Worker:
            command = [peer_python(), str(PEERS / kind.PEER_SCRIPT)]
            command += [f"--threads={arguments.threads}"]
            return stack.enter_context(working(command, threads=arguments.threads))

        for name, trial in trials.items():
            results[name] = measure(trial, seeds, peer_of, arguments.threads)
            print_file(trial, results[name])
    print_comparison(trials, results)
    print_left_out(names, arguments.peers)
    if missing := [FILES[name].title for name, rows in found.items() if not rows]:
        print(f"\nNot found: {', '.join(missing)}; name their folder with --data.", flush=True)
    given = ("rows", "epochs", "batch_size", "set")
    settings = {name: getattr(arguments, name) for name in given}
    append_record("tasks", facts(trials, results, seeds=list(seeds), **settings))


def prepare(found: dict[str, dict[str, list]], arguments) -> dict[str, Trial]:
    """Writes rows and configurations, and asks which rows the pipeline keeps."""
    trials = {}
    with contextlib.ExitStack() as stack:
        worker = None
        for name, rows in found.items():
            kind, file = KIND_OF[name], FILES[name]
            folder = Path(arguments.work, name, str(arguments.rows))
            folder.mkdir(parents=True, exist_ok=True)
            cells = {split: map(kind.cells, all_) for split, all_ in rows.items()}
            write_rows(str(folder / "rows.jsonl"), cells)
            data = {
                "input": str(folder / "rows.jsonl"),
                "id": "id",
                **kind.data_settings(file),
                "group": "group",
                "splits": SIZES,
            }
            settings = {"name": name, "output": str(folder / "run"), "task": kind.TASK}
            config = folder / "config.yaml"
            config.write_text(yaml.safe_dump(settings | {"data": data}, sort_keys=False))
            code = code_fingerprint("reviewlens.components.review_example_gen")
            key = digest([code, file_digest(data["input"]), data])
            path = folder / f"kept-{key[:16]}.json"
            if not path.exists():
                worker = worker or stack.enter_context(our_worker(1))
                kept = worker.ask("kept", config=str(config), feature=kind.FEATURE)
                path.write_text(json.dumps(kept))
            kept = json.loads(path.read_text())
            rows = {
                split: [
                    kind.with_feature(row, kept[split][key])
                    for n, row in enumerate(all_)
                    if (key := f"{split} {n}") in kept[split]
                ]
                for split, all_ in rows.items()
            }
            peers = PEER_SETTINGS[kind]
            trials[name] = Trial(
                folder,
                kind,
                file,
                str(config),
                rows,
                arguments.epochs,
                arguments.batch_size,
                tuple(arguments.set),
                {peer: peers[peer] for peer in arguments.peers if peer in peers},
            )
    return trials


def our_worker(threads: int) -> contextlib.AbstractContextManager[Worker]:
    """A process of `tasks_reviewlens.py`."""
    script = Path(__file__).with_name("tasks_reviewlens.py")
    command = [sys.executable, str(script), f"--threads={threads}"]
    return working(command, threads=threads)


def measure(
    trial: Trial, seeds: range, peer_of: Callable[[ModuleType], Worker], threads: int
) -> dict[str, dict]:
    """Measures all systems on one file, in turn."""
    outcomes: dict[str, list[Outcome]] = {name: [] for name in (OURS, *trial.peers)}
    for seed in seeds:
        for name, found in outcomes.items():
            if name == OURS:
                settings = our_settings(trial, seed)
                made_of = [code_fingerprint("reviewlens.components"), settings, threads]
                make = functools.partial(ours, trial, settings, threads)
            else:
                settings = peer_settings(trial, name, seed)
                made_of = [peer_code(trial.kind), settings, threads]
                make = functools.partial(theirs, trial, settings, peer_of)
            found.append(keep(trial, name, made_of, make))
            spent = found[-1].processor_seconds
            print(f"{trial.folder}: {name}, seed {seed}, {spent or 0:,.0f} s", file=sys.stderr)
    answers = {name: [outcome.answers for outcome in found] for name, found in outcomes.items()}
    return {"figures": trial.kind.judge(trial.rows["test"], answers), "outcomes": outcomes}


def our_settings(trial: Trial, seed: int) -> list[str]:
    """What a run is told on its command line."""
    return [
        f"training.seed={seed}",
        f"training.epochs={trial.epochs}",
        f"training.batch_size={trial.batch_size}",
        ENCODER,
        *GATES,
        *trial.settings,
    ]


def peer_settings(trial: Trial, name: str, seed: int) -> dict:
    """What the Trainer is told."""
    return {
        "seed": seed,
        "num_train_epochs": trial.epochs,
        "per_device_train_batch_size": trial.batch_size,
        **trial.peers[name],
    }


def keep(trial: Trial, name: str, made_of: list, make: Callable[[], Outcome]) -> Outcome:
    """Takes over what was measured with the same code, rows and settings, or measures it."""
    key = digest([name, *made_of, trial.rows])
    path = trial.folder / f"{''.join(filter(str.isalnum, name))}-{key[:16]}.json"
    if not path.exists():
        path.write_text(json.dumps(dataclasses.asdict(make())), encoding="utf-8")
    kept = json.loads(path.read_text(encoding="utf-8"))
    return Outcome(trial.kind.read(kept.pop("answers")), **kept)


def ours(trial: Trial, settings: list[str], threads: int) -> Outcome:
    """Runs the pipeline, and asks the model that it has pushed about the test split."""
    test = trial.rows["test"]
    asked = trial.kind.asked(test)
    with our_worker(threads) as worker:
        found = worker.ask(trial.kind.TASK, config=trial.config, settings=settings, asked=asked)
    answers = trial.kind.read(found["answers"])
    (f1,) = trial.kind.judge(test, {OURS: [answers]})[OURS]["f1"].values
    # The pushed model is the one that was judged.
    if abs(f1 - found["test_f1"]) > TOLERANCE:
        told = f"F1 is {f1:.4f}, the run has {found['test_f1']:.4f}"
        raise SystemExit(f"{trial.folder}: {told}")
    return Outcome(answers, found["seconds"], found["processor_seconds"])


def theirs(trial: Trial, settings: dict, peer_of: Callable[[ModuleType], Worker]) -> Outcome:
    """Has the recipe learn from the rows, and reads what it says of the test split."""
    path = trial.folder / "given.json"
    given = trial.kind.given(trial.file, trial.rows)
    path.write_text(json.dumps(given), encoding="utf-8")
    asked = trial.kind.peer_task(trial.file)
    peer = peer_of(trial.kind)
    found = peer.ask(**asked, checkpoint=CHECKPOINT, rows=str(path), settings=settings)
    return Outcome(trial.kind.of_peer(trial.file, trial.rows["test"], found), **found)


def peer_code(kind: ModuleType) -> list[str]:
    """What a peer's answers depend on beside the rows and the settings."""
    installed = versions()
    packages = [installed[f"peer {name}"] for name in ("torch", "transformers")]
    return [file_digest(str(PEERS / kind.PEER_SCRIPT)), *packages]


def digest(facts: list) -> str:
    """SHA-256 of what JSON can hold."""
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def print_files(drawn: dict[str, dict[str, list]]) -> None:
    """Prints what the files look like, those of a task in a table."""
    for kind in KINDS:
        rows = []
        for name in drawn.keys() & kind.FILES.keys():
            splits, file = drawn[name], kind.FILES[name]
            counts = [len(splits[split]) for split in SIZES]
            counts += kind.counted(file, [row for found in splits.values() for row in found])
            rows.append((file.title, *(f"{count:,}" for count in counts)))
        if rows:
            print_table(("file", *SIZES, *kind.COLUMNS), sorted(rows))
            print()


def print_file(trial: Trial, result: dict) -> None:
    """Prints the figures of all systems on one file."""
    sizes = ", ".join(f"{split} {len(rows):,}" for split, rows in trial.rows.items())
    how = f"{trial.epochs} epochs of {trial.batch_size} rows a step"
    print(f"\n{trial.file.title}: {sizes}; {how}\n")
    rows = []
    for name, figures in result["figures"].items():
        cells = [text(figures[metric].estimate) for metric in trial.kind.METRICS]
        rows.append((name, *cells, *map(told, times(result, name))))
    print_table(("system", *trial.kind.METRICS.values(), "processor s", "s"), rows)


def text(estimate: Estimate, sign: str = "") -> str:
    """A figure and its margin."""
    return f"{estimate.value:{sign}.3f} ± {estimate.margin:.3f}"


def times(result: dict, name: str) -> tuple[float | None, float | None]:
    """Of a training by the processor and by the clock, means over the seeds; None if unknown."""
    outcomes = result["outcomes"][name]
    columns = zip(*((one.processor_seconds, one.seconds) for one in outcomes), strict=True)
    processor, clock = (None if None in column else float(np.mean(column)) for column in columns)
    return processor, clock


def told(seconds: float | None) -> str:
    """A time; a dash where there is none."""
    return "-" if seconds is None else f"{seconds:,.0f}"


def print_comparison(trials: dict[str, Trial], results: dict[str, dict]) -> None:
    """Prints how far ours is from each of the peers."""
    rows = []
    for name, result in results.items():
        for peer in list(result["figures"])[1:]:
            estimate = compare(result, peer)
            pairs = zip(times(result, OURS), times(result, peer), strict=True)
            shares = [f"{a / b:.2f}" if a and b else "-" for a, b in pairs]
            sure = abs(estimate.value) > estimate.margin
            so = ("ahead" if estimate.value > 0 else "behind") if sure else "level"
            rows.append((trials[name].file.title, peer, text(estimate, "+"), so, *shares))
    if rows:
        print(f"\n{OURS}, against its peers:\n")
        ratios = ("of its processor time", "of its time")
        print_table(("file", "peer", "F1 of ours less its", "so", *ratios), rows)


def compare(result: dict, peer: str) -> Estimate:
    """How far the F1 of ours is from that of a peer."""
    figures = result["figures"]
    return (figures[OURS]["f1"] - figures[peer]["f1"]).estimate


def facts(trials: dict[str, Trial], results: dict[str, dict], **settings) -> dict:
    """What is recorded."""
    files = {}
    for name, result in results.items():
        systems = {
            system: {
                "processor_seconds": [one.processor_seconds for one in result["outcomes"][system]],
                "seconds": [one.seconds for one in result["outcomes"][system]],
                **{
                    metric: {**found.estimate.facts, "seeds": found.values.round(5).tolist()}
                    for metric, found in figures.items()
                },
            }
            for system, figures in result["figures"].items()
        }
        peers = list(result["figures"])[1:]
        files[name] = {
            "splits": {split: len(rows) for split, rows in trials[name].rows.items()},
            "systems": systems,
            "against": {peer: compare(result, peer).facts for peer in peers},
        }
    return {**settings, "files": files}


if __name__ == "__main__":
    main()
