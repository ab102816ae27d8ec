"""The configuration: one YAML file, read into frozen dataclasses."""

from .config import Config
from .kubeflow import KubeflowSettings, NodeSettings
from .loading import OVERRIDES, AnyConfig, ReadConfig, load_config, read_config
from .pretraining import PretrainingConfig

__all__ = [
    "OVERRIDES",
    "AnyConfig",
    "Config",
    "KubeflowSettings",
    "NodeSettings",
    "PretrainingConfig",
    "ReadConfig",
    "load_config",
    "read_config",
]
