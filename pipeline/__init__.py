"""The pipeline: its configuration, its graph, the local runner and the command line."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
