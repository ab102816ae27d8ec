"""The node that has an encoder read texts and guess what is hidden in them: `Pretrainer`."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "building": ["build_with_heads"],
        "component": ["Pretrainer"],
        "pretrained": ["PretrainedWeights"],
        "pretraining": ["pretrain"],
    },
)
