from .config import Config as Config
from .config import PretrainingConfig as PretrainingConfig
from .config import load_config as load_config
from .fingerprint import code_fingerprint as code_fingerprint
from .graphs.registry import build_pipeline as build_pipeline
from .local.runner import RunResult as RunResult
from .local.runner import run as run
from .local.runner import run_pipeline as run_pipeline
