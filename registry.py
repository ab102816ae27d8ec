"""Things that are known by name, each in a package that is imported when it is first asked for."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from types import ModuleType


class Registry:
    """Names, and for each the package that stands for it; each package has the same modules.

    Args:
        kind: What the names are of, for messages, such as `task`.
        packages: Name -> dotted name of the package.

    Example:
        >>> parsers = Registry("parser", {"json": "json", "html": "html"})
        >>> list(parsers), parsers.load("html", "parser").__name__
        (['json', 'html'], 'html.parser')
    """

    def __init__(self, kind: str, packages: Mapping[str, str]):
        self._kind = kind
        self._packages = dict(packages)

    def __iter__(self) -> Iterator[str]:
        return iter(self._packages)

    def __contains__(self, name: object) -> bool:
        return name in self._packages

    def register(self, name: str, package: str) -> None:
        """Adds a name, or gives it another package.

        Args:
            name: As the configuration writes it.
            package: Dotted name of a package; it is not imported yet.
        """
        self._packages[name] = package

    def package(self, name: str) -> str:
        """Returns the dotted name of the package that stands for `name`.

        Raises:
            ValueError: There is no such name.
        """
        if name not in self._packages:
            known = ", ".join(self._packages)
            raise ValueError(f"{name!r} is no {self._kind}; the known ones: {known}")
        return self._packages[name]

    def load(self, name: str, module: str) -> ModuleType:
        """Imports one module of the package that stands for `name`.

        Args:
            name: A registered one.
            module: Its name inside the package.

        Raises:
            ValueError: There is no such name.
        """
        return importlib.import_module(f"{self.package(name)}.{module}")
