"""The ground: files and folders that are written whole, told apart by content, and numbered."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "digests": ["file_digest", "stream_digest", "tree_digests"],
        "folder_lock": ["folder_lock"],
        "full_disk": ["is_disk_full"],
        "versions": ["partial_name", "partial_version", "version_number", "version_numbers"],
        "whole_file": ["whole_file"],
    },
)
