"""The node that trains the n-gram classifier: `NgramTrainer`."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
