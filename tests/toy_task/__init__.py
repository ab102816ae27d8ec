"""A task that the product does not know: say of each token whether its id is odd.

As the folders `token_parity` of the three registries would be, but for the absolute imports.
"""

NAME = "token-parity"


def register() -> None:
    """Makes the task known on every floor."""
    from reviewlens.components.task_registry import register_task as register_with_nodes
    from reviewlens.models.tasks.registry import register_task as register_with_models
    from reviewlens.serving.tasks.registry import register_task as register_with_serving

    register_with_models(NAME, f"{__name__}.models")
    register_with_serving(NAME, f"{__name__}.serving")
    register_with_nodes(NAME, f"{__name__}.components")
