"""The tasks by name, as the nodes know them."""

from __future__ import annotations

from collections.abc import Mapping

from ..registry import Registry

# Each package has the modules `data`, `examples`, `transform`, `evaluation` and `report`, that of a
# task which pre-trains `data` and `examples` alone; see `tasks.base`. This one stands apart from
# them, as nodes import it that the tasks import.
TASKS = Registry(
    "task",
    {
        "text-classification": f"{__package__}.tasks.text_classification",
        "token-classification": f"{__package__}.tasks.token_classification",
        "question-answering": f"{__package__}.tasks.question_answering",
        "masked-language-model": f"{__package__}.tasks.masked_language_model",
    },
)


def register_task(name: str, package: str) -> None:
    """Adds a task of your own.

    Args:
        name: As the configuration names it.
        package: Dotted name of a package with the modules that `tasks.base` describes.

    Example:
        >>> register_task("language", "my_tasks.language")
    """
    TASKS.register(name, package)


def learns_from_ngrams(task: str) -> bool:
    """Whether the n-gram classifier can learn a task.

    Args:
        task: Name of a registered task.

    Example:
        >>> learns_from_ngrams("text-classification")
        True
    """
    return getattr(TASKS.load(task, "data"), "NGRAMS", False)


def pretrains(task: str) -> bool:
    """Whether a task is what an encoder is pre-trained by, and no model for reviews.

    Args:
        task: Name of a registered task.

    Example:
        >>> pretrains("masked-language-model"), pretrains("text-classification")
        (True, False)
    """
    return getattr(TASKS.load(task, "data"), "PRETRAINS", False)


def text_as_given(task: str) -> bool:
    """Whether texts stay as they are in the files, as a task counts their characters.

    Args:
        task: Name of a registered task.

    Example:
        >>> text_as_given("token-classification"), text_as_given("text-classification")
        (True, False)
    """
    return getattr(TASKS.load(task, "data"), "TEXT_AS_GIVEN", False)


def inputs_of(task: str) -> Mapping[str, str]:
    """What the models of a task are asked.

    Args:
        task: Name of a registered task.

    Returns:
        By the name of an input of the signature `serving_default` the feature of the examples
        that it takes.

    Example:
        >>> inputs_of("token-classification")
        {'text': 'text'}
    """
    return getattr(TASKS.load(task, "data"), "INPUTS", {"text": "text"})
