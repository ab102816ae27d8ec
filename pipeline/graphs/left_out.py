"""Which nodes of its table a graph does without."""

from __future__ import annotations

from ...components.task_registry import learns_from_ngrams
from ..config import Config, PretrainingConfig


def left_out_of_reviews(config: Config) -> dict[str, str]:
    """Names the nodes that the graph of a configuration does not have.

    Args:
        config: A checked configuration.

    Returns:
        Node id -> what of the configuration leaves the node out.
    """
    missing, model = {}, config.model
    if model.algorithm == "ngrams":
        of_encoders = ("encoder-fetcher", "encoder-validator", "trainer")
        missing.update(dict.fromkeys(of_encoders, "model.algorithm is ngrams"))
    elif config.export.precision != "bfloat16":
        # What not every encoder can do is not asked for.
        missing["encoder-validator"] = "export.precision is not bfloat16"
    if not learns_from_ngrams(config.task):
        missing["ngram-trainer"] = f"the n-gram classifier cannot learn {config.task}"
    elif (model.algorithm, model.wide, config.evaluation.ngram_baseline) == (
        "encoder",
        "off",
        False,
    ):
        missing["ngram-trainer"] = "evaluation.ngram_baseline is false and model.wide is off"
    return missing


def left_out_of_pretraining(config: PretrainingConfig) -> dict[str, str]:
    """As `left_out_of_reviews`, of the graph that pre-trains an encoder.

    Args:
        config: A checked configuration.
    """
    if isinstance(config.encoder, str):
        return {"vocabulary-gen": f"encoder is {config.encoder}, which has a vocabulary"}
    return {"encoder-fetcher": "encoder is a size, of which one is made"}
