"""The node that fine-tunes an encoder with a classifier head: `ReviewTrainer`."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "artifacts": ["TrainedModel"],
        "component": ["ReviewTrainer"],
        "fine_tuning": ["fine_tune"],
        "replaced": ["remove_replaced_checkpoint"],
        "trained_model": ["TrainedWeights"],
    },
)
