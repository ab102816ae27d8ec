"""`reviewlens compile`: the pipeline as a file for Kubeflow."""

from __future__ import annotations

import argparse
import os

from ...errors import RunError
from ..capture import captured_output
from ..config import load_config
from ..environment import prepare_environment
from ..kubeflow.checks import check_target
from ..kubeflow.target import KFP, VERTEX, KubeflowTarget
from .arguments import add_config, new_parser

SUMMARY = "write the pipeline for Kubeflow Pipelines or Vertex AI Pipelines"

_EXAMPLES = """\
  reviewlens compile my.yaml --image registry.example.com/reviewlens:1 \\
      --pipeline-root minio://mlpipeline/reviews --output pipeline.yaml
  reviewlens compile my.yaml data.input=gs://bucket/reviews.csv --target vertex \\
      --image europe-docker.pkg.dev/me/ml/reviewlens:1 --pipeline-root gs://bucket/reviews \\
      --output job.yaml
"""


def make_parser() -> argparse.ArgumentParser:
    """Returns the parser of this command's arguments."""
    parser = new_parser(
        "compile",
        "Write the pipeline that `run` runs here as a file for Kubeflow Pipelines v2 or Vertex AI "
        "Pipelines. Every task runs in an image made from pipeline/Dockerfile. The input, the "
        "serving directory and, where there is one, the encoder and its epochs stay parameters of "
        "each run; what a node gets of cores, memory, accelerators and retries is in the "
        "configuration's `kubeflow`.",
        _EXAMPLES,
    )
    add_config(parser)
    parser.add_argument("--image", metavar="IMAGE", required=True, help="image of all tasks")
    parser.add_argument(
        "--pipeline-root",
        metavar="URI",
        required=True,
        help="where artifacts go: minio://, s3:// or gs://; for vertex gs://",
    )
    parser.add_argument("--output", metavar="FILE.yaml", required=True, help="what to write")
    parser.add_argument(
        "--target",
        choices=[KFP, VERTEX],
        default=KFP,
        help=f"{KFP}: Kubeflow Pipelines v2 (default); {VERTEX}: Vertex AI Pipelines",
    )
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Writes the file and says how to run it."""
    config = load_config(arguments.config, arguments.overrides)
    target = KubeflowTarget(arguments.target, arguments.image, arguments.pipeline_root)
    check_target(config, target)
    folder = os.path.dirname(arguments.output)
    if folder and not os.path.isdir(folder):
        raise RunError(f"--output {arguments.output}: there is no folder {folder}")
    prepare_environment()
    with captured_output(os.devnull):
        from ..kubeflow.compiler import compile_pipeline, write_compiled

        compiled = compile_pipeline(config, target)
        write_compiled(compiled, arguments.output)
    paths = target.output_paths(config)
    tasks = compiled[0].get("pipelineSpec", compiled[0])["root"]["dag"]["tasks"]
    print(
        f"{arguments.output}: {len(tasks)} tasks, {config.RESULT}s go to {paths.push_dir}; "
        "run it with"
    )
    if target.name == KFP:
        print(f"  reviewlens submit {arguments.output} --endpoint http://HOST:PORT")
    else:
        print(
            f'  aiplatform.PipelineJob(display_name="{config.name}", '
            f'template_path="{arguments.output}").submit()'
        )
    return 0
