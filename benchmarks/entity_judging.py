"""Figures of systems that find entities, over several seeds, each with an interval.

An entity is right if its characters and its label are. The figures are those of seqeval, which is
given a tag for each character, so that systems need not agree on what a word is; intervals are
those of `judging.py`, texts taking the place of rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from entity_files import Span, tags_of
from judging import DRAWS, Figures
from seqeval.metrics import f1_score, precision_score, recall_score

METRICS = {"f1": f1_score, "precision": precision_score, "recall": recall_score}
# Of a text: entities that were found, that there are, and that are both.
_FOUND, _TRUE, _RIGHT = range(3)


def judge_entities(
    texts: Sequence[str],
    truth: Sequence[Sequence[Span]],
    systems: dict[str, Sequence[Sequence[Sequence[Span]]]],
) -> dict[str, dict[str, Figures]]:
    """Measures systems on the same texts.

    Args:
        texts: Of the test split.
        truth: Their entities.
        systems: For each what it found: for each seed, of each text.

    Returns:
        For each system and metric its figures.
    """
    random = np.random.default_rng(0)
    drawn = random.multinomial(len(texts), np.full(len(texts), 1 / len(texts)), size=DRAWS)
    tagged = _character_tags(texts, truth)
    judged = {}
    for name, seeds in systems.items():
        values, drawn_values = [], []
        for found in seeds:
            tags = _character_tags(texts, found)
            values.append([metric(tagged, tags, zero_division=0) for metric in METRICS.values()])
            drawn_values.append(_figures(drawn @ _counts(truth, found)))
        judged[name] = {
            metric: Figures(
                np.array([value[at] for value in values]),
                np.stack([value[at] for value in drawn_values], axis=1),
            )
            for at, metric in enumerate(METRICS)
        }
    return judged


def _character_tags(texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> list[list[str]]:
    return [
        tags_of(of_text, [(at, at + 1) for at in range(len(text))])
        for text, of_text in zip(texts, spans, strict=True)
    ]


def _counts(truth: Sequence[Sequence[Span]], found: Sequence[Sequence[Span]]) -> np.ndarray:
    """What the metrics need of each text, [texts, 3]."""
    return np.array(
        [
            (len(ours), len(right), len(set(ours) & set(right)))
            for ours, right in zip(found, truth, strict=True)
        ]
    )


def _figures(sums: np.ndarray) -> list[np.ndarray]:
    """The metrics of counts that were added up, [..., 3]."""
    found, true, right = (sums[..., at] for at in (_FOUND, _TRUE, _RIGHT))
    return [
        2 * right / np.maximum(found + true, 1),
        right / np.maximum(found, 1),
        right / np.maximum(true, 1),
    ]
