"""reviewlens: from a file of product reviews to a served model of what they say."""

import lazy_loader as lazy

__version__ = "0.1.0"

# Kubeflow imports the type of an artifact by its name, such as `reviewlens.RejectedRows`.
__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
