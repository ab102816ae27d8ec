"""What a served model is: its export, its warm-up requests, and ways to query it."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
