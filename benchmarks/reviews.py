"""Texts and classes of the Women's E-Commerce Clothing Reviews, and what is made of them."""

from __future__ import annotations

import csv
import os
import random
from pathlib import Path

from reviewlens.files import package_path
from reviewlens.models import ENCODERS
from reviewlens.pipeline.config import load_config

CONFIG = Path(__file__).parents[1] / "configs" / "womens-clothing.yaml"
# Today's recipe: what is measured follows it, but for a number that is the same for every file.
MAX_TOKENS = 128
# The environment's BENCHMARK_ENCODER is another one, with which a trial of the scripts is short.
ENCODER = f"encoder={os.environ.get('BENCHMARK_ENCODER') or 'minilm-l6'}"
RECIPE = load_config(str(CONFIG), [f"model.max_tokens={MAX_TOKENS}", ENCODER])
LABELS = tuple(RECIPE.data.classes)
# Class of one star, of two, and so on.
GRADES = tuple(grade.label for grade in RECIPE.data.grades)
# Folder of MiniLM, in Hugging Face's format, which the peers read.
CHECKPOINT = package_path(ENCODERS["minilm-l6"].source)


def read_reviews(path: str, rows: int | None = None) -> tuple[list[str], list[int]]:
    """Reads texts, title and review in one, and their class indices.

    Args:
        path: Of the CSV.
        rows: How many are drawn at random, which keeps the mix of lengths; None for all.

    Returns:
        Texts and labels.
    """
    with open(path, newline="", encoding="utf-8") as file:
        table = [
            (f"{row['Title']} {row['Review Text']}".strip(), GRADES[int(row["Rating"]) - 1])
            for row in csv.DictReader(file)
        ]
    table = [(text, label) for text, label in table if text]
    if rows is not None and rows < len(table):
        table = random.Random(0).sample(table, rows)
    texts, labels = zip(*table, strict=True)
    return list(texts), list(labels)
