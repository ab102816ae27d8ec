"""What is needed of the files: nothing but the text."""

from __future__ import annotations

FEATURES = ("letters",)


def problems(settings):
    if settings.classes:
        yield "classes", "is not for this task"


def kinds(settings):
    return ["text"]


def task_config(data, model):
    return {}
