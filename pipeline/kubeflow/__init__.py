"""Kubeflow Pipelines and Vertex AI Pipelines: compiling for them, submitting, the container."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
