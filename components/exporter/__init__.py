"""The node that makes a trained classifier one that is served: `ModelExporter`."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
