"""Which entities to name, given logits of tags: the most likely sequence, and how sure it is."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_text as text

from ...arrays import rows_of, search_sorted
from ..calibration import Calibration
from .tags import OUTSIDE, allowed_transitions, entities_of, inside, is_inside

# Far below the logarithm of any probability, of which float32 has hardly smaller ones beside 1.
_IMPOSSIBLE = -1e9
_SMALLEST = 1e-7
# What `outside` may be; more than e^2 times as likely as it is, nothing is made.
_OUTSIDE = tuple(step / 5 for step in range(11))


@dataclasses.dataclass(frozen=True)
class EntityDecision:
    """What turns logits of tags into entities with scores.

    The tags are those that the model finds most likely together among the sequences in which the
    inside of an entity follows its beginning (Viterbi), once `outside` has made up for what F1
    loses by naming only what is more likely than not. Their calibration, which moves with the
    types that a split happens to have, only says how sure they are. As neighbours err together,
    an entity is as sure as the least sure of its tags, times that it ends where it does; this is
    calibrated once more. The product of all tags makes long entities too unlikely. All of this
    was measured: benchmarks/NOTES.md.

    It computes by operations of TensorFlow wherever it is asked, where it is fitted as in the
    graph that is served.

    Attributes:
        calibration: Makes the probabilities of the tags.
        scores: Makes the score of an entity, of no and yes, given 0 and the log odds of that.
        label_pieces: What has a tag: the `first` piece of a word or `all`.
        outside: What the logit of being in no entity is lowered by before tags are chosen.

    Example:
        >>> decision = EntityDecision(Calibration(1.0, (0.0,) * 3), Calibration(1.0, (0.0,) * 2))
        >>> units = tf.ragged.constant([[[0, 9, 0], [0, 0, 9]], [[9, 0, 0.0]]], ragged_rank=1)
        >>> [found.numpy().tolist() for found in decision.entities(units)[:4]]
        [[0], [0], [1], [0]]
    """

    calibration: Calibration
    scores: Calibration
    label_pieces: str = "first"
    outside: float = 0.0

    @classmethod
    def fit(
        cls, outputs: np.ndarray, rows: np.ndarray, tags: np.ndarray, label_pieces: str = "first"
    ) -> EntityDecision:
        """Fits both calibrations, and `outside` for the best F1 to be expected.

        An entity counts as right with its score, as if that were true, so that no single entity
        of a small split decides: see `text_classification.decision.tune_offsets`.

        Args:
            outputs: Logits of the tags of units that were not trained on, those of one text
                after those of another, float [n, tags].
            rows: Which text each is in, int64 [n].
            tags: Their true tags, int [n].
            label_pieces: See above.
        """
        calibration = Calibration.fit(outputs, tags)
        plain = cls(calibration, Calibration(1.0, (0.0, 0.0)), label_pieces)
        true = entities_of(np.asarray(tags, np.int64), rows)

        def scored(outside: float) -> EntityDecision:
            one = dataclasses.replace(plain, outside=outside)
            found = one.found(outputs, rows)
            right = found.are_among(true)
            return dataclasses.replace(one, scores=Calibration.fit_odds(found.odds, right))

        def expected_f1(outside: float) -> float:
            scores = dataclasses.replace(broadest, outside=outside).found(outputs, rows).scores
            return 2 * scores.sum() / max(len(scores) + len(true[0]), 1)

        if not len(true[0]):
            return scored(0.0)
        broadest = scored(_OUTSIDE[-1])
        return scored(max(_OUTSIDE, key=expected_f1))

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any], label_pieces: str) -> EntityDecision:
        """The decision that `facts` describes.

        Args:
            facts: What `EntityDecision.facts` gave; more keys do no harm.
            label_pieces: What has a tag.
        """
        tags, scores = (Calibration.from_facts(facts[name]) for name in ("tags", "scores"))
        return cls(tags, scores, label_pieces, facts["outside"])

    def facts(self) -> dict[str, Any]:
        """`tags` and `scores`, each with `temperature`, `stretch` and `biases`; `outside`."""
        return {
            "tags": self.calibration.facts(),
            "scores": self.scores.facts(),
            "outside": self.outside,
        }

    def entities(
        self, units: tf.RaggedTensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
        """The entities of texts, in a graph.

        Args:
            units: Logits of the tags, ragged float32 [batch, (units), tags].

        Returns:
            Of each entity, in order: which text it is in, its first unit and its last one, counted
            within the text, its type, int64 [entities], and its score, float32 [entities].
        """
        rows = rows_of(units.row_splits)
        _, first, last, kinds, odds = self._found(units.values, rows)
        of_entity = tf.gather(rows, first)
        before = tf.gather(units.row_splits, of_entity)
        scores = self.scores.chances(odds)
        return of_entity, first - before, last - before, kinds, scores

    def found(self, outputs: np.ndarray, rows: np.ndarray) -> Found:
        """What is decided of units in memory.

        Args:
            outputs: Logits of their tags, those of one text after those of another, float
                [n, tags].
            rows: Which text each is in, int64 [n].
        """
        logits = tf.constant(outputs, tf.float32)
        decided = self._found(logits, tf.constant(rows, tf.int64))
        tags, first, last, kinds, odds = (one.numpy() for one in decided)
        odds = odds.astype(np.float64)
        scores = self.scores.chances(odds)
        return Found(tags, first, last, kinds, odds, scores)

    def _found(self, logits: tf.Tensor, rows: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """Tags of units, and of entities the first unit, the last one, the type and log odds."""
        probabilities = tf.maximum(self.calibration.probabilities(logits), _SMALLEST)
        likely = tf.math.log(probabilities)
        lowered = self.outside * (np.arange(logits.shape[1]) == OUTSIDE)
        tags = _most_likely_sequence(logits - lowered.astype(np.float32), rows)
        first, last, kinds = entities_of(tags, rows)
        named = tf.where(tags > 0)[:, 0]
        entity = search_sorted(first, named, side="right") - 1
        places = tf.stack([named, tf.gather(tags, named)], axis=1)
        weakest = tf.math.segment_min(tf.gather_nd(likely, places), entity)
        together = weakest + tf.math.log1p(-_goes_on(probabilities, rows, last, kinds))
        # Of a probability p given as its logarithm: log(p / (1 - p)).
        together = tf.minimum(together, -_SMALLEST)
        return tags, first, last, kinds, together - tf.math.log(-tf.math.expm1(together))


@dataclasses.dataclass(frozen=True)
class Found:
    """What was decided of units in memory.

    Attributes:
        tags: Of all units, int64 [n].
        first: First unit of each entity, int64 [entities]; units are counted over all texts.
        last: Its last unit.
        kinds: Its type.
        odds: Log odds of it before they are calibrated, float64 [entities].
        scores: Its calibrated score, float64 [entities].
    """

    tags: np.ndarray
    first: np.ndarray
    last: np.ndarray
    kinds: np.ndarray
    odds: np.ndarray
    scores: np.ndarray

    def are_among(self, true: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
        """Which entities are right, bool [entities].

        Args:
            true: First unit, last unit and type of those that there are, in order.
        """
        firsts, lasts, kinds = (np.append(of, -1) for of in true)
        at = np.searchsorted(firsts[:-1], self.first)
        same = [firsts[at] == self.first, lasts[at] == self.last, kinds[at] == self.kinds]
        return np.all(same, axis=0)


def _goes_on(
    probabilities: tf.Tensor, rows: tf.Tensor, last: tf.Tensor, kinds: tf.Tensor
) -> tf.Tensor:
    """How likely the unit behind each entity is to be of it, too; 0 where a text ends."""
    behind = last + 1
    none = tf.constant([-1], tf.int64)
    same_text = tf.gather(tf.concat([rows, none], axis=0), behind) == tf.gather(rows, last)
    places = tf.stack([tf.where(same_text, behind, last), inside(kinds)], axis=1)
    likely = tf.where(same_text, tf.gather_nd(probabilities, places), 0)
    return tf.minimum(likely, 1 - _SMALLEST)


def _most_likely_sequence(logits: tf.Tensor, rows: tf.Tensor) -> tf.Tensor:
    """The tags of units, int64 [n], by the logits of these, [n, tags].

    All texts go as one sequence, so that long ones cost no padding of others: of what may follow
    what only the inside of entities is bound, and that is impossible where a text begins.
    """
    tags = logits.shape[1]
    # Relative to the best one of each unit, so that sums stay small and exact.
    scores = logits - tf.reduce_max(logits, axis=1, keepdims=True)
    begins = rows != tf.concat([[-1], rows], axis=0)[:-1]
    scores = tf.where(begins[:, None] & is_inside(tags), _IMPOSSIBLE, scores)
    sequence = text.viterbi_constrained_sequence(
        scores[None],
        tf.shape(scores)[:1],
        allowed_transitions=allowed_transitions(tags),
        use_log_space=True,
        use_start_and_end_states=False,
    )
    # Whose rank the graph does not know.
    return tf.cast(tf.reshape(sequence.values, [-1]), tf.int64)
