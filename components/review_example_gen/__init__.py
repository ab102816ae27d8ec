"""The node that reads files of reviews: `ReviewExampleGen` and its settings."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
