"""Segments: what an encoder reads at a time in pre-training, and the node that packs it."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
