"""The ground: files of rows are read, files and folders written whole, told apart, numbered."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "compression": ["COMPRESSIONS", "open_file"],
        "digests": ["file_digest", "stream_digest", "tree_digests"],
        "folder_lock": ["folder_lock"],
        "formats": ["FORMATS", "Format", "register"],
        "full_disk": ["is_disk_full"],
        "input_file": ["InputFile"],
        "inputs": ["Match", "list_files", "match_local"],
        "reading": ["columns_left_out", "read_records"],
        "records": ["Record"],
        "versions": ["partial_name", "partial_version", "version_number", "version_numbers"],
        "whole_file": ["whole_file"],
        "whole_folder": ["whole_folder"],
    },
)
