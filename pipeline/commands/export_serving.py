"""`reviewlens export-serving`: the files with which stock TensorFlow Serving runs a model."""

from __future__ import annotations

import argparse
import os

from ...errors import UsageError
from ...serving.deployment.pushed_model import find_pushed_model
from ...serving.deployment.settings import DEFAULT_IMAGE, Deployment
from ..config import Config, load_config
from .arguments import new_parser

SUMMARY = "write files for TensorFlow Serving on Docker, Kubernetes and KServe"

_EXAMPLES = """\
  reviewlens export-serving configs/amazon-snippets.yaml --output deploy
  reviewlens export-serving --model runs/shoes/serving/shoes --output deploy --cpus 4
  docker compose -f deploy/compose.yaml up
  kubectl apply -f deploy/kubernetes
"""


def make_parser() -> argparse.ArgumentParser:
    """Returns the parser of this command's arguments."""
    parser = new_parser(
        "export-serving",
        "Write what stock TensorFlow Serving needs to serve the model that a run has pushed: "
        "models.config, batching_parameters.txt, monitoring.config, compose.yaml, manifests "
        "for Kubernetes and an InferenceService for KServe. A second run brings the files up "
        "to date; one that you have changed is left alone and named.",
        _EXAMPLES,
    )
    parser.add_argument("config", metavar="CONFIG.yaml", nargs="?", help="configuration of the run")
    parser.add_argument(
        "overrides", metavar="key=value", nargs="*", help="a value that wins over the file's"
    )
    parser.add_argument(
        "--model",
        metavar="DIR",
        help="instead of CONFIG.yaml: version directory, or the one above it",
    )
    parser.add_argument("--output", metavar="DIR", required=True, help="where to write")
    parser.add_argument(
        "--name",
        metavar="NAME",
        help="name of the served model; default: the configuration's, or that of the directory",
    )
    parser.add_argument(
        "--base-path",
        metavar="PATH",
        help="where the server finds the versions of the model; default: /models/NAME",
    )
    parser.add_argument(
        "--image",
        metavar="IMAGE",
        default=DEFAULT_IMAGE,
        help=f"container image; default: {DEFAULT_IMAGE}",
    )
    parser.add_argument(
        "--cpus", metavar="N", type=int, default=2, help="cores of one replica; default: 2"
    )
    parser.add_argument(
        "--copy-model",
        action="store_true",
        help="copy the version to models/NAME under --output; else Compose reads it where it is",
    )
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Writes the files and prints how to use them."""
    if bool(arguments.config) == bool(arguments.model):
        raise UsageError("export-serving: give either CONFIG.yaml or --model DIR")
    from ...serving.deployment.export import export_deployment

    deployment = _deployment(arguments)
    release = _check_operations(deployment)
    files = export_deployment(deployment, arguments.output)
    output = os.path.normpath(arguments.output)
    print(
        f"{output}: {len(files)} files for {deployment.name}, "
        f"version {deployment.model.version}\n"
        f"image {deployment.image}; the model needs TensorFlow Serving {release} or later\n"
        f"  docker compose -f {output}/compose.yaml up\n"
        f"  kubectl apply -f {output}/kubernetes"
    )
    return 0


def _deployment(arguments: argparse.Namespace) -> Deployment:
    if arguments.model:
        model = find_pushed_model(arguments.model)
        name = arguments.name or os.path.basename(model.base)
    else:
        config = load_config(arguments.config, arguments.overrides, Config.COMMAND)
        model = find_pushed_model(os.path.join(config.output, "serving", config.name))
        name = arguments.name or config.name
    return Deployment(
        model=model,
        name=name,
        base_path=arguments.base_path or f"/models/{name}",
        image=arguments.image,
        cpus=arguments.cpus,
        copy_model=arguments.copy_model,
    )


def _check_operations(deployment: Deployment) -> str:
    """The oldest release of TensorFlow Serving that runs the model, which the image must be."""
    from ..capture import captured_output
    from ..environment import prepare_environment

    prepare_environment()
    with captured_output(os.devnull):
        from ...serving.deployment.compatibility import check_image, oldest_release

        release = oldest_release(deployment.model.directory)
    check_image(deployment.image, release)
    return ".".join(map(str, release))
