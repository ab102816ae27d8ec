"""Trains the model of `configs/womens-clothing.yaml` once and exports it in every precision.

    python benchmarks/exports.py womens_clothing_reviews.csv

leaves `runs/benchmarks/models/float32/1` and `…/bfloat16/1`, for `score.py` and the others, and
does nothing if they are there. The pipeline itself exports only one of the two.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import keras
from reviews import GRADES, LABELS
from splits import MAX_TOKENS, WORK, prepare_splits

from reviewlens.models.classifier import build_classifier
from reviewlens.models.decision import Decision
from reviewlens.models.precision import resolve_precision, with_precision
from reviewlens.models.scoring import Scorer
from reviewlens.models.settings import ModelSettings, TrainingSettings
from reviewlens.models.tokenization import WordpieceTokenizer
from reviewlens.models.training import train
from reviewlens.serving.export import export_classifier

PRECISIONS = ("float32", "bfloat16")


def main() -> None:
    """Trains and exports, unless that has been done."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("csv", help="path of womens_clothing_reviews.csv")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--work", default=str(WORK), help="where the exports go")
    arguments = parser.parse_args()
    folders = {name: Path(arguments.work, "models", name, "1") for name in PRECISIONS}
    if all(Path(folder, "assets.extra", "model.json").exists() for folder in folders.values()):
        return

    splits = prepare_splits(arguments.csv, os.path.join(arguments.work, "womens-clothing"))
    settings = TrainingSettings(epochs=arguments.epochs, learning_rate=1e-4)
    keras.utils.set_random_seed(settings.seed)
    precision = resolve_precision(settings.precision)
    classifier = build_classifier(splits.encoder, ModelSettings(), len(LABELS), precision, GRADES)
    train(classifier, splits.graded, splits.evaluation, settings, class_names=LABELS)
    tokenizer = WordpieceTokenizer(
        classifier.encoder.vocabulary_file,
        lower_case=classifier.encoder.lower_case,
        max_tokens=MAX_TOKENS,
    )
    for precision, folder in folders.items():
        served = with_precision(classifier, precision)
        decision = Decision.fit(Scorer(served)(splits.evaluation), splits.evaluation.labels)
        export_classifier(
            str(folder), classifier=served, tokenizer=tokenizer, labels=LABELS, decision=decision
        )


if __name__ == "__main__":
    main()
