"""Which answer to give, if any, given logits of where it begins and ends, and how sure it is."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from ...arrays import array_namespace, rows_of
from ..calibration import Calibration
from .threshold import tune_threshold

# Far below any logit.
_IMPOSSIBLE = -1e9
# Of log odds: those of a probability of 1 - 1e-7, which float32 can hardly tell from 1.
_SUREST = 16.0
# In place of a sum of none, of which there is no logarithm.
_NOTHING = 1e-30
# Tokens whose answers are looked at together, so that memory grows with the tokens alone.
_CHUNK = 16_384


@dataclasses.dataclass(frozen=True)
class ReadPairs:
    """What of questions and texts a model has read, in windows.

    Arrays of NumPy or of TensorFlow.

    Attributes:
        parts: Which text each window is of, int64 [windows], in order.
        own: Whether each token is the window's own, see `WindowRows`, bool [total].
        context: Whether an answer may begin and end with it: whether it stands for something of
            the text, bool [total].
        texts: How many texts there are.
    """

    parts: Any
    own: Any
    context: Any
    texts: Any


@dataclasses.dataclass(frozen=True)
class Spans:
    """What logits say of the answers that texts could have; arrays of NumPy or of TensorFlow.

    Attributes:
        first: Where the likeliest answer of each text begins, counted over the tokens of all
            windows, int64 [texts]; 0 of a text that has no token.
        last: Its last token.
        best: Its logit, that of its start and its end together, float32 [texts].
        others: The logit of all other answers together.
        none: The logit of there being no answer.
    """

    first: Any
    last: Any
    best: Any
    others: Any
    none: Any

    @property
    def doubt(self) -> Any:
        """By how much no answer is likelier than the best one, [texts]."""
        return self.none - self.best


@dataclasses.dataclass(frozen=True)
class AnswerDecision:
    """What turns logits into answers with scores.

    An answer is as likely as its start and its end together. All that are no longer than
    `max_answer_tokens` are looked at, whichever window they are in; each begins with a token that
    is its window's own, so that it is read with some text around it. No answer is as likely as in
    the window that speaks against it most (Devlin et al. 2019, section 4.3), and is given where it
    is likelier than the best one by more than the threshold.

    It computes by operations of TensorFlow wherever it is asked, where it is fitted as in the
    graph that is served.

    Attributes:
        of_answers: Makes the score of an answer, of wrong and right, given 0 and the log odds of it
            among all and none.
        of_nones: Likewise the score of there being none.
        threshold: See above; None where there always is an answer.
        max_answer_tokens: Tokens of an answer at most.
        temperature: What logits are divided by before it is said how likely they find what is
            right; no answer hangs on it.

    Example:
        >>> decision = AnswerDecision.unfitted()
        >>> logits = tf.ragged.constant([[[0, 0], [9, 0], [0, 9], [0, 0.0]]], ragged_rank=1)
        >>> context = tf.constant([False, True, True, False])
        >>> read = ReadPairs(tf.constant([0], tf.int64), tf.ones(4, tf.bool), context, 1)
        >>> [part.numpy().tolist() for part in decision.answers(logits, read)[:3]]
        [[True], [1], [2]]
    """

    of_answers: Calibration
    of_nones: Calibration
    threshold: float | None = 0.0
    max_answer_tokens: int = 30
    temperature: float = 1.0

    @classmethod
    def fit(
        cls,
        spans: Spans,
        f1: np.ndarray,
        exact: np.ndarray,
        answered: np.ndarray,
        max_answer_tokens: int = 30,
        temperature: float = 1.0,
    ) -> AnswerDecision:
        """Fits the threshold for the best F1, and both calibrations.

        Args:
            spans: Of texts that were not trained on, in NumPy.
            f1: That of each text's best answer, float [texts].
            exact: Whether that answer is right, bool [texts].
            answered: Whether there is an answer at all, bool [texts].
            max_answer_tokens: See above.
            temperature: See above.
        """
        threshold = None
        if not answered.all():
            threshold = tune_threshold(spans.doubt, np.where(answered, f1, -1.0))
        plain = cls.unfitted(threshold, max_answer_tokens)
        found, odds = plain._given(spans)
        right = np.where(found, exact, ~answered)
        answers, nones = (Calibration.fit_odds(odds[of], right[of]) for of in (found, ~found))
        return cls(answers, nones, threshold, max_answer_tokens, temperature)

    @classmethod
    def unfitted(cls, threshold: float | None = 0.0, max_answer_tokens: int = 30) -> AnswerDecision:
        """The decision whose scores are what the logits say.

        Args:
            threshold: See above.
            max_answer_tokens: See above.
        """
        plain = Calibration(1.0, (0.0, 0.0))
        return cls(plain, plain, threshold, max_answer_tokens)

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any], max_answer_tokens: int) -> AnswerDecision:
        """The decision that `facts` describes.

        Args:
            facts: What `AnswerDecision.facts` gave; more keys do no harm.
            max_answer_tokens: Tokens of an answer at most.
        """
        answers, nones = (Calibration.from_facts(facts[name]) for name in ("answers", "nones"))
        return cls(answers, nones, facts["threshold"], max_answer_tokens, facts["temperature"])

    def facts(self) -> dict[str, Any]:
        """`threshold` and `temperature`; `answers` and `nones`, each with `temperature`, `stretch`
        and `biases`."""
        return {
            "threshold": self.threshold,
            "temperature": self.temperature,
            "answers": self.of_answers.facts(),
            "nones": self.of_nones.facts(),
        }

    def answers(
        self, outputs: tf.RaggedTensor, read: ReadPairs
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
        """The answers of texts, in a graph.

        Args:
            outputs: Logits of start and end, ragged float32 [windows, (tokens), 2].
            read: What they are of.

        Returns:
            Of each text whether there is an answer, bool [texts]; if so its first token and its
            last one, counted over the tokens of all windows, int64 [texts], otherwise anything;
            and the score of what is said, float32 [texts].
        """
        spans = find_spans(outputs, read, self.max_answer_tokens)
        found, odds = self._given(spans)
        return found, spans.first, spans.last, self._scores(found, odds)

    def decided(self, spans: Spans) -> tuple[np.ndarray, np.ndarray]:
        """The same of what is in memory.

        Args:
            spans: In NumPy.

        Returns:
            Whether each text has an answer, bool [texts], and the score of what is said, float64.
        """
        found, odds = self._given(spans)
        return found, self._scores(found, odds)

    def _scores(self, found: Any, odds: Any) -> Any:
        scores = (of.chances(odds) for of in (self.of_answers, self.of_nones))
        return array_namespace(odds).where(found, *scores)

    def _given(self, spans: Spans) -> tuple[Any, Any]:
        """Whether each text has an answer, and the log odds of what is said."""
        xp = array_namespace(spans.best)
        found = spans.best > _IMPOSSIBLE / 2
        if self.threshold is not None:
            found &= spans.doubt <= self.threshold
        said, unsaid = (
            xp.where(found, *pair) for pair in ((spans.best, spans.none), (spans.none, spans.best))
        )
        odds = said - xp.logaddexp(unsaid, spans.others)
        return found, xp.clip(odds, -_SUREST, _SUREST)


def find_spans(outputs: tf.RaggedTensor, read: ReadPairs, max_answer_tokens: int) -> Spans:
    """Looks at all answers that texts could have, in a graph.

    Args:
        outputs: Logits of start and end, ragged float32 [windows, (tokens), 2].
        read: What they are of.
        max_answer_tokens: Tokens of an answer at most.

    Returns:
        Tensors.
    """
    texts = tf.cast(read.texts, tf.int64)
    start_logits, end_logits = tf.unstack(outputs.values, axis=1)
    nones = tf.gather(start_logits + end_logits, outputs.row_splits[:-1])
    starts = tf.where(read.own & read.context)[:, 0]
    windows = tf.gather(rows_of(outputs.row_splits), starts)
    limits = tf.gather(outputs.row_splits[1:], windows)
    end_logits = tf.where(read.context, end_logits, _IMPOSSIBLE)
    ends, best, rest = _best_ends(starts, limits, end_logits, max_answer_tokens)
    best += tf.gather(start_logits, starts)

    parts = tf.gather(tf.cast(read.parts, tf.int64), windows)
    top = tf.maximum(tf.math.unsorted_segment_max(best, parts, texts), _IMPOSSIBLE)
    index = tf.range(tf.size(starts, tf.int64))
    # The first one, if there are several; behind them all where there is none.
    chosen = tf.where(best == tf.gather(top, parts), index, tf.size(starts, tf.int64))
    chosen = tf.minimum(
        tf.math.unsorted_segment_min(chosen, parts, texts), tf.size(starts, tf.int64)
    )
    # Relative to the best one, which is left out.
    powers = tf.exp(best - tf.gather(top, parts))
    powers *= rest + tf.where(index == tf.gather(chosen, parts), 0.0, 1.0)
    others = tf.math.unsorted_segment_sum(powers, parts, texts)
    first, last = (tf.gather(tf.concat([of, [0]], axis=0), chosen) for of in (starts, ends))
    return Spans(
        first=first,
        last=last,
        best=top,
        others=top + tf.math.log(tf.maximum(others, _NOTHING)),
        none=tf.math.unsorted_segment_min(nones, tf.cast(read.parts, tf.int64), texts),
    )


def _best_ends(
    starts: tf.Tensor, limits: tf.Tensor, end_logits: tf.Tensor, max_answer_tokens: int
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Of answers that begin with some tokens: the likeliest end, its logit, and how likely all
    other ends are together, relative to it; each [starts].

    No answer reaches its limit, the end of its window.
    """
    chunks = tf.maximum(-(-tf.size(starts) // _CHUNK), 1)
    arrays = tuple(
        tf.TensorArray(dtype, size=chunks, infer_shape=False, element_shape=[None])
        for dtype in (tf.int64, tf.float32, tf.float32)
    )
    reach = tf.range(max_answer_tokens, dtype=tf.int64)

    def look(chunk, arrays):
        some = slice(chunk * _CHUNK, (chunk + 1) * _CHUNK)
        places = starts[some, None] + reach
        limit = limits[some, None]
        logits = tf.gather(end_logits, tf.minimum(places, limit - 1))
        logits = tf.where(places < limit, logits, _IMPOSSIBLE)
        best = tf.reduce_max(logits, axis=1)
        which = tf.argmax(logits, axis=1)
        powers = tf.exp(logits - best[:, None])
        rest = tf.reduce_sum(tf.where(reach == which[:, None], 0.0, powers), axis=1)
        found = (starts[some] + which, best, rest)
        return chunk + 1, tuple(of.write(chunk, one) for of, one in zip(arrays, found, strict=True))

    _, arrays = tf.while_loop(
        lambda chunk, _: chunk < chunks, look, (0, arrays), parallel_iterations=1
    )
    ends, best, rest = (of.concat() for of in arrays)
    return ends, best, rest
