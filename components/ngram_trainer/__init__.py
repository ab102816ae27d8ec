"""The node that trains the n-gram classifier: `NgramTrainer`."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "component": ["NgramTrainer"],
        "trained_ngrams": ["TrainedNgrams"],
        "training": ["train_on_ngrams"],
    },
)
