"""The task of finding entities in texts and naming the type of each."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ...arrays import rows_of
from ...encoders.base import Encoder
from ...encoders.windows import Windows
from ...settings import ModelSettings, TrainingSettings
from ..base import AnyTexts, Target, Texts
from ..calibration import Calibration
from ..differences import Difference
from ..probabilities import calibration_error, log_losses
from ..weights import balanced_class_weights
from .comparison import compare_counts, counts_of_texts
from .decision import EntityDecision, Found
from .loss import TagLoss
from .metrics import entity_counts, entity_report
from .model import TokenClassifier
from .tags import entities_of, num_tags
from .targets import IGNORED, TAG, WORD, unit_tags


@dataclasses.dataclass(frozen=True)
class TokenClassification:
    """Entities of texts, learnt by a tag for each word or each piece.

    Attributes:
        labels: Name of each type of entities, in the order of its index.
        label_pieces: What has a tag: the `first` piece of a word, or `all` pieces.

    Example:
        >>> TokenClassification(("food", "service")).metric
        'f1'
    """

    labels: tuple[str, ...]
    label_pieces: str = "first"

    name = "token-classification"
    per_token = True
    reads_all = True
    pairs = False
    metric = "f1"
    counts = ("entities", "cut_entities")

    def __post_init__(self):
        # Sequences of any kind may be given; they are compared and shown as tuples.
        object.__setattr__(self, "labels", tuple(self.labels))

    @property
    def targets(self) -> dict[str, Target]:
        """`tag` and `word` of each token, see `targets.piece_targets`."""
        of_token = Target("int32", per_token=True, padding=IGNORED)
        return {TAG: of_token, WORD: of_token}

    def config(self) -> dict[str, Any]:
        """What `make_task` makes an equal task of."""
        return {"labels": list(self.labels), "label_pieces": self.label_pieces}

    def build(self, encoder: Encoder, settings: ModelSettings) -> TokenClassifier:
        """A tagger with a fresh head on an encoder; see `Task.build`."""
        return TokenClassifier(encoder, num_tags(len(self.labels)), settings.dropout)

    def prepare(self, texts: AnyTexts, settings: ModelSettings) -> AnyTexts:
        """Windows of the texts, in which `tag` is -1 wherever none is learnt."""
        tags = unit_tags(texts.targets[TAG], texts.targets[WORD], self.label_pieces)
        learnt = texts.with_targets({TAG: tags})
        return learnt.in_windows(Windows.of(settings), {TAG: IGNORED, WORD: IGNORED})

    def training_outputs(self, model: TokenClassifier, inputs: dict[str, tf.Tensor]) -> tf.Tensor:
        """Logits of the tags, float32 [batch, width, tags]."""
        return model(inputs, training=True)

    def loss(self, texts: Texts, settings: TrainingSettings) -> TagLoss:
        """Cross-entropy, its tags weighted and its targets smoothed as the settings say."""
        tags = num_tags(len(self.labels))
        weights = np.ones(tags, np.float32)
        if settings.class_weight == "balanced":
            found = texts.targets[TAG]
            weights = balanced_class_weights(found[found >= 0], tags)
        return TagLoss(weights, settings.label_smoothing)

    def fit_decision(
        self, outputs: np.ndarray, texts: Texts, decide_for: str | None = None
    ) -> EntityDecision:
        """Fits the calibration of tags and of entities.

        Args:
            outputs: Logits, float32 [total, tags].
            texts: Those the logits are of.
            decide_for: Not needed: whatever it is, the most likely entities are named.
        """
        units = _units(outputs, texts)
        return EntityDecision.fit(units.outputs, units.rows, units.tags, self.label_pieces)

    def decision(self, facts: Mapping[str, Any]) -> EntityDecision:
        """The decision of its `facts`; see `Task.decision`."""
        return EntityDecision.from_facts(facts, self.label_pieces)

    def evaluate(
        self, outputs: np.ndarray, texts: Texts, decision: EntityDecision
    ) -> dict[str, Any]:
        """The figures of `entity_report`, and how good the probabilities are.

        Beside those `log_loss`, the mean over the tags, and `ece`, the calibration error of the
        scores of entities.
        """
        units = _units(outputs, texts)
        found = decision.found(units.outputs, units.rows)
        predicted, true = units.entities(found.tags), units.entities(units.tags)
        report = entity_report(entity_counts(predicted, true, len(self.labels)), self.labels)
        losses = _losses(units, _count(texts), decision)
        return {
            **{name: value for name, value in report.items() if name != "per_class"},
            "log_loss": float(losses.sum() / max(_count(texts), 1)),
            "ece": units.calibration_error(found),
            "per_class": report["per_class"],
        }

    def losses(self, outputs: np.ndarray, texts: Texts, decision: EntityDecision) -> np.ndarray:
        """What the tags of each text cost; one with more of them counts for more."""
        return _losses(_units(outputs, texts), _count(texts), decision)

    def decided(self, outputs: np.ndarray, texts: Texts, decision: EntityDecision) -> np.ndarray:
        """The tag of each word, or of each piece, int64 [units]."""
        units = _units(outputs, texts)
        return decision.found(units.outputs, units.rows).tags

    def fitted(
        self, outputs: np.ndarray, texts: Texts, decision: EntityDecision
    ) -> dict[str, float]:
        """The calibration error of entities' scores before and after: `ece_before`, `ece_after`."""
        units = _units(outputs, texts)
        none = Calibration(1.0, (0.0,) * num_tags(len(self.labels))), Calibration(1.0, (0.0, 0.0))
        before = EntityDecision(*none, self.label_pieces)
        return {
            f"ece_{when}": units.calibration_error(one.found(units.outputs, units.rows))
            for when, one in (("before", before), ("after", decision))
        }

    def compare(
        self, candidate: np.ndarray, reference: np.ndarray, texts: Texts, decision: EntityDecision
    ) -> dict[str, Difference]:
        """The differences of `f1` and `log_loss`, by the paired bootstrap over texts."""
        random = np.random.default_rng(0)
        both = [_units(outputs, texts) for outputs in (candidate, reference)]
        units = both[0]
        true, number = units.entities(units.tags), _count(texts)
        counts, losses = [], []
        for one in both:
            found = decision.found(one.outputs, one.rows)
            counts.append(counts_of_texts(one.entities(found.tags), true, number))
            losses.append(log_losses(decision.calibration.probabilities(one.outputs), one.tags))
        more = np.bincount(units.rows, weights=losses[0] - losses[1], minlength=number)
        sizes = np.bincount(units.rows, minlength=number).astype(np.float64)
        return {
            "f1": compare_counts(*counts, random=random),
            "log_loss": Difference.of_ratio(more, sizes, random=random),
        }


def make_task(labels: Sequence[str], label_pieces: str = "first") -> TokenClassification:
    """Makes the task of what `TokenClassification.config` gives.

    Args:
        labels: Name of each type of entities.
        label_pieces: `first` or `all`.
    """
    return TokenClassification(tuple(labels), label_pieces)


@dataclasses.dataclass(frozen=True)
class _Units:
    """What has a tag, of all texts in order: logits [n, tags], its text and its true tag."""

    outputs: np.ndarray
    rows: np.ndarray
    tags: np.ndarray

    def entities(self, tags: np.ndarray) -> np.ndarray:
        """Text, first unit, last unit and type of the entities that tags stand for, [n, 4]."""
        first, last, kinds = entities_of(tags, self.rows)
        return np.stack([self.rows[first], first, last, kinds], axis=1)

    def calibration_error(self, found: Found) -> float:
        right = found.are_among(entities_of(self.tags, self.rows))
        return calibration_error(found.scores, right)


def _units(outputs: np.ndarray, texts: Texts) -> _Units:
    # Each is the own one of one window, and these are in order.
    (learnt,) = np.nonzero(texts.targets[TAG] >= 0)
    rows = rows_of(texts.row_splits)[learnt]
    if texts.parts is not None:
        rows = texts.parts[rows]
    return _Units(outputs[learnt], rows, texts.targets[TAG][learnt].astype(np.int64))


def _losses(units: _Units, number: int, decision: EntityDecision) -> np.ndarray:
    losses = log_losses(decision.calibration.probabilities(units.outputs), units.tags)
    sums = np.bincount(units.rows, weights=losses, minlength=number)
    return sums * (number / max(len(losses), 1))


def _count(texts: Texts) -> int:
    return len(texts) if texts.parts is None else int(texts.parts[-1]) + 1
