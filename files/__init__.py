"""The ground: files of rows are read, files and folders written whole, told apart, numbered."""

from typing import TYPE_CHECKING

import lazy_loader as lazy

if TYPE_CHECKING:
    # Functions of their modules' names: a type checker would take them for the modules.
    from .folder_lock import folder_lock as folder_lock
    from .whole_file import whole_file as whole_file
    from .whole_folder import whole_folder as whole_folder

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
