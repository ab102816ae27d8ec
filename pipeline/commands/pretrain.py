"""`reviewlens pretrain`: an encoder that has read your own texts."""

from __future__ import annotations

import argparse

from ..graphs import PRETRAINING
from .running import execute_run, make_run_parser

SUMMARY = "pre-train an encoder on texts without ratings, for later runs"

_EXAMPLES = """\
  reviewlens pretrain configs/pretrain-reviews.yaml
  reviewlens pretrain my-texts.yaml data.input=reviews.csv training.epochs=3
  reviewlens pretrain my-texts.yaml "encoder={layers: 4, hidden: 256}" vocabulary.size=8000
  reviewlens run my.yaml encoder=runs/my-texts/encoder/my-texts
"""


def make_parser() -> argparse.ArgumentParser:
    """Returns the parser of this command's arguments."""
    return make_run_parser(
        PRETRAINING,
        "Pre-train an encoder on your own texts, which need no ratings: it guesses words that are "
        "hidden from it. It starts from one that there is, or from a size, with a vocabulary that "
        "is learnt from the texts. It is pushed if it guesses no worse than the one that it was; "
        "`encoder` of later runs names where. What was made before from the same texts, encoder, "
        "code and settings is taken over, and a training that was interrupted goes on.",
        _EXAMPLES,
    )


def execute(arguments: argparse.Namespace) -> int:
    """Runs the graph and prints what came out of it.

    Returns:
        0, or 3 where an encoder was judged and refused.
    """
    return execute_run(arguments, PRETRAINING)
