"""The node that fine-tunes, calibrates and exports: `ReviewTrainer`."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "component": ["ReviewTrainer"],
        "fine_tuning": ["TOKENS_FEATURE", "run_fn"],
        "replaced": ["remove_replaced_checkpoint"],
    },
)
