"""The tasks by name, as they are served."""

from __future__ import annotations

from ...registry import Registry

# Each package has the modules `signatures`, `requests` and `answers`; see `base`
# and `predictions`.
TASKS = Registry(
    "task",
    {
        "text-classification": f"{__package__}.text_classification",
        "token-classification": f"{__package__}.token_classification",
    },
)


def register_task(name: str, package: str) -> None:
    """Adds a task of your own.

    Args:
        name: As `model.json` and the configuration name it.
        package: Dotted name of a package with the modules that `base` and `predictions` describe.

    Example:
        >>> register_task("language", "my_tasks.language")
    """
    TASKS.register(name, package)
