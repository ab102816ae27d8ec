"""The node that has an encoder read texts and guess what is hidden in them: `Pretrainer`."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
