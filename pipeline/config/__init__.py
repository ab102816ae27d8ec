"""The configuration: one YAML file, read into frozen dataclasses."""

from .config import OVERRIDES, Config, load_config
from .kubeflow import KubeflowSettings, NodeSettings

__all__ = [
    "OVERRIDES",
    "Config",
    "KubeflowSettings",
    "NodeSettings",
    "load_config",
]
