"""The node that makes an encoder of a size, with a vocabulary that is learnt: `VocabularyGen`."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
