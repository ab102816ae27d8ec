"""`reviewlens run`: the whole pipeline, on this machine."""

from __future__ import annotations

import argparse

from ..graphs import REVIEWS
from .running import execute_run, make_run_parser

SUMMARY = "run the pipeline of a configuration on this machine"

_EXAMPLES = """\
  reviewlens run configs/amazon-snippets.yaml
  reviewlens run configs/womens-clothing.yaml data.input=reviews.csv training.epochs=1
  reviewlens run my.yaml model.algorithm=ngrams
  reviewlens run my.yaml --from trainer
"""


def make_parser() -> argparse.ArgumentParser:
    """Returns the parser of this command's arguments."""
    return make_run_parser(
        REVIEWS,
        "Run the pipeline of a configuration: ingest, validate, tokenize, fine-tune, evaluate, "
        "export and push. What was made before from the same data, encoder, code and settings "
        "is taken over. Results are under the configuration's `output`.",
        _EXAMPLES,
    )


def execute(arguments: argparse.Namespace) -> int:
    """Runs the pipeline and prints what came out of it.

    Returns:
        0, or 3 where a model was judged and refused.
    """
    return execute_run(arguments, REVIEWS)
