from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewlens.models.training.choice import EpochChoice

LOSSES = st.integers(2, 30).flatmap(
    lambda texts: st.lists(
        st.lists(st.floats(0, 20), min_size=texts, max_size=texts), min_size=1, max_size=8
    )
)


def kept_of(epochs):
    choice = EpochChoice()
    kept = [number for number, of in enumerate(epochs) if choice.keeps(-np.mean(of), of)]
    return kept[-1]


@given(LOSSES)
def test_the_last_epoch_that_is_not_surely_worse_is_kept(epochs):
    epochs = np.array(epochs)
    # Row by row: sums in another order may differ in their last digit.
    lowest = int(np.argmin([np.mean(of) for of in epochs]))
    more = epochs - epochs[lowest]
    errors = more.std(axis=1) / np.sqrt(epochs.shape[1])
    chance = [at for at, of in enumerate(more) if at > lowest and of.mean() < errors[at]]
    assert kept_of(epochs) == max(chance, default=lowest)


def test_an_epoch_that_changes_nothing_is_not_kept():
    assert kept_of(np.ones([5, 3])) == 0


def test_by_few_texts_a_later_epoch_is_kept_and_by_many_the_better_one():
    random = np.random.default_rng(7)
    for texts, kept in ((100, 1), (100_000, 0)):
        first = random.gamma(1.0, 0.5, texts)
        assert kept_of(np.stack([first, first + random.normal(0.01, 0.3, texts)])) == kept


@pytest.mark.parametrize("losses", [None, np.array([0.5, 0.9])])
def test_without_losses_of_both_epochs_the_best_is_kept(losses):
    choice = EpochChoice()
    assert choice.keeps(-0.5, losses)
    assert not choice.keeps(-0.6, None)
    assert choice.keeps(-0.4, None)
    assert not choice.keeps(-0.41, np.array([0.4, 0.42]))
