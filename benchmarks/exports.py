"""Trains the model of `configs/womens-clothing.yaml` once and exports it in every precision.

    python benchmarks/exports.py womens_clothing_reviews.csv

leaves `runs/benchmarks/models/float32/1` and `…/bfloat16/1`, for `score.py` and the others, and
does nothing if they are there and made of this file with today's settings. The pipeline itself
exports only one of the two.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import keras
from finetune import take
from reviews import GRADES, LABELS, MAX_TOKENS, RECIPE
from splits import WORK, prepare_splits

from reviewlens.files import file_digest
from reviewlens.models.precision import resolve_precision, with_precision
from reviewlens.models.tasks.building import build_model
from reviewlens.models.tasks.text_classification.task import TextClassification
from reviewlens.models.training.loop import train
from reviewlens.models.training.scoring import Scorer
from reviewlens.progress import reporting_to
from reviewlens.serving.export import export_model
from reviewlens.serving.model_card import MODEL_CARD
from reviewlens.serving.text_models.encoder import EncoderModel

PRECISIONS = ("float32", "bfloat16")


def main() -> None:
    """Trains and exports, unless that has been done."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("csv", help="path of womens_clothing_reviews.csv")
    parser.add_argument("--epochs", type=int, default=RECIPE.training.epochs)
    parser.add_argument("--rows", type=int, help="so many drawn ones to learn; by default all")
    parser.add_argument("--work", default=str(WORK), help="where the exports go")
    arguments = parser.parse_args()
    settings = dataclasses.replace(RECIPE.training, epochs=arguments.epochs)
    of_what = {
        "reviews": file_digest(arguments.csv),
        "rows": arguments.rows,
        "grades": GRADES,
        "encoder": RECIPE.encoder,
        "model": dataclasses.asdict(RECIPE.model),
        "training": dataclasses.asdict(settings),
        "decide_for": RECIPE.evaluation.decide_for,
    }
    # As it comes back from the card.
    recipe = json.loads(json.dumps(of_what))
    folders = {name: Path(arguments.work, "models", name, "1") for name in PRECISIONS}
    if all(recipe_of(folder) == recipe for folder in folders.values()):
        print(f"{arguments.work}/models is there, of these reviews and with these settings")
        return

    splits = prepare_splits(arguments.csv, os.path.join(arguments.work, "womens-clothing"))
    keras.utils.set_random_seed(settings.seed)
    precision = resolve_precision(settings.precision)
    task = TextClassification(LABELS, GRADES)
    classifier = build_model(task, splits.encoder, RECIPE.model, precision)
    with reporting_to(teller()):
        record = train(
            classifier,
            take(splits.graded, arguments.rows, settings.seed),
            splits.graded_evaluation,
            settings,
            task=task,
        )
    tokenizer = classifier.encoder.tokenizer(MAX_TOKENS)
    for precision, folder in folders.items():
        served = with_precision(classifier, precision)
        logits = Scorer(served)(splits.graded_evaluation)
        shutil.rmtree(folder, ignore_errors=True)
        export_model(
            str(folder),
            task=task,
            model=EncoderModel(served, tokenizer),
            decision=task.fit_decision(
                logits, splits.graded_evaluation, RECIPE.evaluation.decide_for
            ),
            details={"recipe": recipe},
        )
    best = record.history[record.best_epoch - 1]["macro_f1"]
    print(f"trained for {len(record.history)} epochs; macro-F1 of the eval split is {best:.3f}")
    print(f"left {arguments.work}/models")


def teller(every: int = 100) -> Callable[[int, int | None, str], None]:
    """A reporter that prints a line after so many steps."""
    told = 0

    def tell(done: int, total: int | None, note: str) -> None:
        nonlocal told
        if done >= told + every:
            told = done
            print(f"step {done:,} of {total:,}: {note}", file=sys.stderr, flush=True)

    return tell


def recipe_of(folder: Path) -> dict | None:
    """What an export was made of; None if there is none."""
    card = folder / MODEL_CARD
    return json.loads(card.read_text(encoding="utf-8")).get("recipe") if card.exists() else None


if __name__ == "__main__":
    main()
