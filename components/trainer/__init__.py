"""The node that fine-tunes an encoder with a classifier head: `ReviewTrainer`."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
