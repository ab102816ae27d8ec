"""The node that makes a trained classifier one that is served: `ModelExporter`."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "component": ["ModelExporter"],
        "exporting": ["EXPORT_FILE", "export_trained"],
    },
)
