"""The pipeline: its configuration, its graph, the local runner and the command line."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "config": ["Config", "PretrainingConfig", "load_config"],
        "fingerprint": ["code_fingerprint"],
        "graphs.registry": ["build_pipeline"],
        "local.runner": ["RunResult", "run", "run_pipeline"],
    },
)
