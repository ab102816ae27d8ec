"""What n-grams are worth beside an encoder is found where it is known, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from reviewlens.models import TextClassification
from reviewlens.models.ngrams.stacking import fit_stacking
from reviewlens.models.training.tokenized import TokenizedTexts

TASK = TextClassification(("negative", "neutral", "positive"))
SHARES = [0.2, 0.2, 0.6]


def views(seed: int, count: int, *strengths: float) -> tuple[np.ndarray, list[np.ndarray]]:
    """Labels, and logits of models that each see something else of the texts.

    A model sees the true class as a shift in a Gaussian noise of its own, so that its logits are
    calibrated, and the best there is to be known is the sum of all models' logits.
    """
    random = np.random.default_rng(seed)
    labels = random.choice(3, p=SHARES, size=count)
    true = np.eye(3)[labels]
    return labels, [
        strength * (strength * true + random.normal(size=(count, 3))) for strength in strengths
    ]


def texts_of(labels: np.ndarray) -> TokenizedTexts:
    return TokenizedTexts.from_rows([[]] * len(labels), {"grade": labels})


def stack(labels, deep, wide):
    return fit_stacking(deep, wide, texts_of(labels), TASK)


@pytest.mark.parametrize("seed", range(4))
def test_what_does_not_help_is_left_out(seed):
    labels, (deep,) = views(seed, 600, 2.0)
    noise = 3 * np.random.default_rng(100 + seed).normal(size=deep.shape)
    found = stack(labels, deep, noise)
    assert not found.helps and found.share < 0.1
    # Nor does what says the same once more, or nothing at all.
    assert not stack(labels, deep, 0.5 * deep).helps
    nothing = stack(labels, deep, np.ones_like(deep))
    assert nothing.weight == 0 and nothing.log_loss_after == nothing.log_loss_before


def test_what_contradicts_the_encoder_gets_no_negative_weight():
    labels, (deep, wide) = views(0, 400, 2.0, 1.5)
    found = stack(labels, deep, -wide)
    assert found.weight == 0 and not found.helps


@pytest.mark.parametrize(("scale", "wide_scale"), [(1.0, 1.0), (4.0, 1.0), (1.0, 0.05)])
def test_the_weight_is_the_right_one_whatever_the_scales(scale, wide_scale):
    labels, (deep, wide) = views(1, 3000, 2.0, 1.4)
    found = stack(labels, scale * deep, wide_scale * wide)
    assert found.weight == pytest.approx(scale / wide_scale, rel=0.15)
    assert found.helps
    # Most of what there is to be gained.
    best = -np.log(_softmax(deep + wide + np.log(SHARES)))[np.arange(3000), labels].mean()
    assert found.log_loss_after == pytest.approx(best, abs=0.01)
    assert found.log_loss_before - found.log_loss_after > 10 * found.standard_error


def test_a_few_texts_give_no_wild_weight():
    found = [stack(*_two_views(seed, 24)) for seed in range(12)]
    assert max(each.share for each in found) < 1
    for count in (1, 2, 7):
        few = stack(*_two_views(0, count))
        assert 0 <= few.share < 1 and np.isfinite(few.standard_error)
        assert np.isfinite([few.log_loss_before, few.log_loss_after]).all()


def test_the_standard_error_is_that_of_other_texts():
    found = [stack(*_two_views(seed, 300)) for seed in range(24)]
    gains = np.array([each.log_loss_before - each.log_loss_after for each in found])
    errors = np.array([each.standard_error for each in found])
    # The spread of 24 gains is itself known to a seventh only.
    assert gains.std(ddof=1) == pytest.approx(errors.mean(), rel=0.35)
    assert np.mean([each.helps for each in found]) > 0.95


def test_noise_is_rarely_kept():
    kept = []
    for seed in range(24):
        labels, (deep,) = views(seed, 150, 1.5)
        kept.append(stack(labels, deep, np.random.default_rng(seed).normal(size=deep.shape)).helps)
    # One time in six is what one standard error allows.
    assert np.mean(kept) < 0.2


def _two_views(seed, count):
    labels, (deep, wide) = views(seed, count, 1.5, 1.0)
    return labels, deep, wide


def _softmax(logits):
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)
