"""The node that reads files of reviews: `ReviewExampleGen` and its settings."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "artifacts": ["RejectedRows"],
        "cleaning": ["clean_text"],
        "component": ["ReviewExampleGen"],
        "settings": ["DataSettings", "DerivedColumn", "from_json", "to_json"],
        "splitting": ["Splitter"],
    },
)
