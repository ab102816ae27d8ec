"""A hash of code, so that the cache of TFX sees when it changes.

TFX's cache key holds the name of a function such as `run_fn`, not what the function
does. The code is read, never imported, so that this costs milliseconds.
"""

from __future__ import annotations

import ast
import hashlib
import pathlib

PACKAGE = __name__.partition(".")[0]
_ROOT = pathlib.Path(__file__).resolve().parent.parent


def code_fingerprint(*modules: str) -> str:
    """Hashes modules of this package and all modules of it that they import.

    Comments and layout do not count. Names that a folder's `__init__` exports lazily are
    followed to the modules that define them.

    Args:
        modules: Dotted names, such as `reviewlens.components.trainer`; a package stands for
            all modules in it.

    Returns:
        32 hexadecimal digits.

    Raises:
        ValueError: If there is no such module in this package.

    Example:
        >>> len(code_fingerprint("reviewlens.components.trainer"))
        32
    """
    digest = hashlib.sha256()
    for name, file in sorted(_reached(modules).items()):
        digest.update(f"{name}\n{ast.dump(ast.parse(file.read_bytes()))}\n".encode())
    return digest.hexdigest()[:32]


def _reached(modules: tuple[str, ...]) -> dict[str, pathlib.Path]:
    reached: dict[str, pathlib.Path] = {}
    waiting = []
    for module in modules:
        file = _file_of(module)
        if file is None:
            raise ValueError(f"{module} is no module of {PACKAGE}")
        waiting.append(module)
        if file.name == "__init__.py":
            waiting += [_name_of(inside) for inside in sorted(file.parent.rglob("*.py"))]
    while waiting:
        module = waiting.pop()
        if module not in reached:
            reached[module] = _file_of(module)
            waiting += _imported_by(module)
    return reached


def _imported_by(module: str) -> list[str]:
    """Modules of this package that a module's import statements, wherever they stand, name."""
    file = _file_of(module)
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    imported = []
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            imported += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1]
            source = ".".join([*(base if node.level else []), *filter(None, [node.module])])
            imported += [found for alias in node.names for found in _source_of(source, alias.name)]
    return [name for name in imported if name.split(".")[0] == PACKAGE and _file_of(name)]


def _source_of(module: str, name: str) -> list[str]:
    """Where `from module import name` finds the name."""
    if _file_of(f"{module}.{name}"):
        return [f"{module}.{name}"]
    lazily = _lazy_exports(module).get(name)
    return [module, f"{module}.{lazily}"] if lazily else [module]


def _lazy_exports(module: str) -> dict[str, str]:
    """Exported name -> submodule, of an `__init__` that uses `lazy_loader.attach`."""
    file = _file_of(module)
    if file is None or file.name != "__init__.py":
        return {}
    exports = {}
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.keyword) and node.arg == "submod_attrs":
            for submodule, names in ast.literal_eval(node.value).items():
                exports.update(dict.fromkeys(names, submodule))
    return exports


def _file_of(module: str) -> pathlib.Path | None:
    first, *rest = module.split(".")
    if first != PACKAGE:
        return None
    path = _ROOT.joinpath(*rest)
    for file in (path / "__init__.py", path.with_suffix(".py")):
        if file.is_file():
            return file
    return None


def _name_of(file: pathlib.Path) -> str:
    parts = file.relative_to(_ROOT).with_suffix("").parts
    return ".".join([PACKAGE, *(part for part in parts if part != "__init__")])
