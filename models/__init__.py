"""Keras parts, usable on their own: encoders, tokenization, classifier, training.

Nothing heavy is imported before one of these names is used.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
