"""What is needed of the files: nothing but the text."""

from __future__ import annotations

FEATURES = ("letters",)


def problems(settings):
    return iter(())


def kinds(settings):
    return ["text"]


def task_config(data, model):
    return {}
