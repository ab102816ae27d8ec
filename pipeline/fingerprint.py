"""A hash of code, so that the cache of TFX sees when it changes.

TFX's cache key holds the name of an executor, not what the executor does. The code is read, never
imported, so that this costs milliseconds. What counts is what a node computes with: statements,
and the versions of the libraries that they call.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.metadata
import pathlib
import re
from collections.abc import Iterable

PACKAGE = __name__.partition(".")[0]
_ROOT = pathlib.Path(__file__).resolve().parent.parent
# They list encoders and tasks by name, or say whether files are an encoder. What a node takes is
# among its inputs or parameters; the code of the task is asked for by `Node.task`.
_LEFT_OUT = re.compile(
    rf"{PACKAGE}\.("
    r"models\.encoders\.(catalog|\w+\.presets|sources\.verification)"
    r"|\w+\.tasks\.registry|components\.task_registry"
    r")"
)


def code_fingerprint(*modules: str, libraries: Iterable[str] = ()) -> str:
    """Hashes modules of this package, all modules of it that they import, and libraries.

    Comments, layout and docstrings do not count, and neither do the entries of the catalog of
    encoders nor the check that files are one. Names that a folder's `__init__` exports lazily are
    followed to the modules that define them, and so are modules that are imported by a name that
    the code spells out, as registries do: `"reviewlens.models.layers"`, `f"{__package__}.name"`
    and `import_module(f".{name}.conversion", __package__)`, which stands for all that it fits.

    Args:
        modules: Dotted names, such as `reviewlens.components.trainer`; a package stands for
            all modules in it.
        libraries: Installed distributions whose versions count, such as `tensorflow`.

    Returns:
        32 hexadecimal digits.

    Raises:
        ValueError: If there is no such module in this package.
        importlib.metadata.PackageNotFoundError: If a library is not installed.

    Example:
        >>> len(code_fingerprint("reviewlens.components.trainer", libraries=["tensorflow"]))
        32
    """
    digest = hashlib.sha256()
    for name in sorted(_reached(modules)):
        digest.update(f"{name}\n{_dumped(name)}\n".encode())
    for library in sorted(libraries):
        digest.update(f"{library}=={importlib.metadata.version(library)}\n".encode())
    return digest.hexdigest()[:32]


def _reached(modules: tuple[str, ...]) -> set[str]:
    reached: set[str] = set()
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
        if module not in reached and not _LEFT_OUT.fullmatch(module):
            reached.add(module)
            waiting += _imported_by(module)
    return reached


@functools.cache
def _statements(module: str) -> ast.Module:
    """The code of a module without what only readers and type checkers see."""
    file = _file_of(module)
    assert file is not None
    tree = ast.parse(file.read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            node.body = []
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                del node.body[0]
    return tree


@functools.cache
def _dumped(module: str) -> str:
    """The statements as a text; most nodes reach most modules."""
    return ast.dump(_statements(module))


@functools.cache
def _imported_by(module: str) -> list[str]:
    """Modules of this package that a module imports, wherever in it and however it names them."""
    file = _file_of(module)
    package = module if file and file.name == "__init__.py" else module.rpartition(".")[0]
    imported: list[str] = []
    for node in ast.walk(_statements(module)):
        if isinstance(node, ast.Import):
            imported += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1]
            source = ".".join([*(base if node.level else []), *filter(None, [node.module])])
            imported += [found for alias in node.names for found in _source_of(source, alias.name)]
        elif isinstance(node, (ast.Constant, ast.JoinedStr)):
            imported += _spelled_out(node, package)
    return [name for name in imported if name.split(".")[0] == PACKAGE and _file_of(name)]


def _spelled_out(node: ast.Constant | ast.JoinedStr, package: str) -> list[str]:
    """Modules of this package whose names a text is, or may become."""
    pattern = ""
    for part in node.values if isinstance(node, ast.JoinedStr) else [node]:
        if isinstance(part, ast.Constant):
            pattern += re.escape(part.value) if isinstance(part.value, str) else " "
        elif isinstance(part, ast.FormattedValue):
            is_package = isinstance(part.value, ast.Name) and part.value.id == "__package__"
            pattern += re.escape(package) if is_package else r"\w+"
    if pattern.startswith(r"\."):
        patterns = [re.escape(package) + pattern]
    elif pattern.startswith(rf"{PACKAGE}\."):
        # Or that of a function in a module.
        patterns = [pattern, pattern.rpartition(r"\.")[0]]
    else:
        return []
    found = ([name for name in _all_modules() if re.fullmatch(each, name)] for each in patterns)
    return next((names for names in found if names), [])


def _source_of(module: str, name: str) -> list[str]:
    """Where `from module import name` finds the name."""
    if _file_of(f"{module}.{name}"):
        return [f"{module}.{name}"]
    lazily = _lazy_exports(module).get(name)
    return [module, f"{module}.{lazily}"] if lazily else [module]


@functools.cache
def _lazy_exports(module: str) -> dict[str, str]:
    """Exported name -> submodule, of an `__init__` that uses `lazy_loader.attach_stub`."""
    file = _file_of(module)
    stub = file.with_suffix(".pyi") if file else None
    if stub is None or not stub.is_file():
        return {}
    return {
        alias.name: node.module
        for node in ast.parse(stub.read_bytes()).body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


@functools.cache
def _all_modules() -> tuple[str, ...]:
    folders = (path for path in _ROOT.iterdir() if (path / "__init__.py").is_file())
    files = [file for folder in folders for file in folder.rglob("*.py")]
    return tuple(_name_of(file) for file in sorted([*_ROOT.glob("[!_]*.py"), *files]))


@functools.cache
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
