from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from reviewlens.models import NgramSettings, TokenizedTexts
from reviewlens.models.ngrams.features import NgramFeatures

SETTINGS = NgramSettings(buckets=2**14)


@pytest.fixture(scope="session")
def counted(reviews) -> TokenizedTexts:
    """N-grams of sentences; their grade says what words are in them."""
    ids = NgramFeatures(SETTINGS)(tf.constant(reviews[:1200]))
    grades = [2 * ("good" in text or "great" in text) + ("not" in text) for text in reviews[:1200]]
    return TokenizedTexts(
        ids.values.numpy().astype(np.int32),
        ids.row_splits.numpy(),
        {"grade": np.array(grades, np.int32)},
    )
