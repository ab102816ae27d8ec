"""Files that an installed package brings."""

from __future__ import annotations

import importlib.util
import os

from ..errors import RunError


def package_path(source: str) -> str:
    """Finds a file or folder inside an installed package, which is not imported for it.

    Args:
        source: `package:NAME/PATH`, the name being the one that Python imports.

    Returns:
        Its path; nothing has to be there.

    Raises:
        RunError: The package is not installed.

    Example:
        >>> os.path.basename(package_path("package:yaml/nodes.py"))
        'nodes.py'
    """
    name, _, path = source.removeprefix("package:").partition("/")
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise RunError(f"{source}: the package {name!r} is not installed; install what brings it")
    return os.path.join(spec.submodule_search_locations[0], path)
