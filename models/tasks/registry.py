"""The tasks by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...registry import Registry

if TYPE_CHECKING:
    from .base import Task

# Each package has a module `task` with `make_task`.
TASKS = Registry(
    "task",
    {
        "text-classification": f"{__package__}.text_classification",
        "question-answering": f"{__package__}.question_answering",
        "token-classification": f"{__package__}.token_classification",
        "masked-language-model": f"{__package__}.masked_language_model",
    },
)


def register_task(name: str, package: str) -> None:
    """Adds a task of your own.

    Args:
        name: As the configuration names it.
        package: Dotted name of a package whose module `task` has `make_task(**config) -> Task`.

    Example:
        >>> register_task("language", "my_tasks.language")
    """
    TASKS.register(name, package)


def make_task(name: str, **config: Any) -> Task:
    """Makes a task of what describes it.

    Args:
        name: Of a registered task.
        config: As `Task.config` gives it.

    Returns:
        The task.

    Raises:
        ValueError: There is no such task.

    Example:
        >>> make_task("text-classification", labels=["bad", "good"]).metric
        'macro_f1'
    """
    return TASKS.load(name, "task").make_task(**config)
