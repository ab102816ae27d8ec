"""Kubeflow Pipelines and Vertex AI Pipelines: compiling for them, submitting, the container."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "api": ["PipelinesClient"],
        "compiled": ["load_compiled"],
        "compiler": ["compile_pipeline", "write_compiled"],
        "locations": ["to_path", "to_s3", "to_uri"],
        "target": ["KubeflowTarget"],
    },
)
