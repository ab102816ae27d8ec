"""TFX components: one file or folder per node of the pipeline, spec and executor side by side."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
