"""The ground: files of rows are read, files and folders written whole, told apart, numbered."""

from typing import TYPE_CHECKING

import lazy_loader as lazy

if TYPE_CHECKING:
    # Functions of their modules' names: a type checker would take them for the modules.
    from .folder_lock import folder_lock as folder_lock
    from .whole_file import whole_file as whole_file
    from .whole_folder import whole_folder as whole_folder

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "compression": ["COMPRESSIONS", "open_file"],
        "detection": ["Settled", "settle_dialects"],
        "dialect": ["Dialect"],
        "digests": ["file_digest", "stream_digest", "tree_digests"],
        "folder_lock": ["folder_lock"],
        "formats": ["FORMATS", "Format", "register"],
        "full_disk": ["is_disk_full"],
        "input_file": ["InputFile"],
        "inputs": ["Match", "list_files", "match_local"],
        "packages": ["package_path"],
        "reading": ["columns_left_out", "read_records"],
        "records": ["Record"],
        "versions": ["partial_name", "partial_version", "version_number", "version_numbers"],
        "whole_file": ["whole_file"],
        "whole_folder": ["whole_folder"],
    },
)
