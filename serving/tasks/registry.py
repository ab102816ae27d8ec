"""The tasks by name, as they are served."""

from __future__ import annotations

from ...registry import Registry
from .predictions import TEXT_ALONE

# Each package has the modules `signatures`, `requests` and `answers`; see `base`
# and `predictions`.
TASKS = Registry(
    "task",
    {
        "text-classification": f"{__package__}.text_classification",
        "token-classification": f"{__package__}.token_classification",
        "question-answering": f"{__package__}.question_answering",
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


def inputs_of(task: str) -> tuple[str, ...]:
    """Names of the inputs that models of a task are asked with.

    Args:
        task: A registered one.

    Returns:
        Those of its `serving_default`.

    Raises:
        ValueError: There is no such task.

    Example:
        >>> inputs_of("text-classification")
        ('text',)
    """
    return getattr(TASKS.load(task, "answers"), "INPUTS", TEXT_ALONE)
