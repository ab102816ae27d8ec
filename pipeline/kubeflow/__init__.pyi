from .api import PipelinesClient as PipelinesClient
from .compiled import load_compiled as load_compiled
from .compiler import compile_pipeline as compile_pipeline
from .compiler import write_compiled as write_compiled
from .locations import to_path as to_path
from .locations import to_s3 as to_s3
from .locations import to_uri as to_uri
from .target import KubeflowTarget as KubeflowTarget
