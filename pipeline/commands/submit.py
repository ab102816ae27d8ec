"""`reviewlens submit`: a run of a compiled pipeline on Kubeflow Pipelines."""

from __future__ import annotations

import argparse
import datetime
import os

from .arguments import new_parser

SUMMARY = "run a compiled pipeline on Kubeflow Pipelines"

_EXAMPLES = """\
  reviewlens submit pipeline.yaml --endpoint http://localhost:8080
  reviewlens submit pipeline.yaml --endpoint http://localhost:8080 epochs=3 --no-cache
  KFP_TOKEN=$(cat token) reviewlens submit pipeline.yaml --namespace team \\
    --endpoint https://kubeflow.example.com/pipeline --experiment reviews

environment:
  KFP_TOKEN      bearer token that goes with every request
  SSL_CERT_FILE  certificates of the authorities that https:// trusts
"""


def make_parser() -> argparse.ArgumentParser:
    """Returns the parser of this command's arguments."""
    parser = new_parser(
        "submit",
        "Create a run of a pipeline that `reviewlens compile` has written, on Kubeflow Pipelines "
        "2.0 or later, and print its name and the link to its page. Nothing is sent before the "
        "parameters are checked.",
        _EXAMPLES,
    )
    parser.add_argument("pipeline", metavar="pipeline.yaml", help="the compiled pipeline")
    parser.add_argument(
        "parameters",
        metavar="parameter=value",
        nargs="*",
        help="a value, in YAML, of one of the pipeline's parameters",
    )
    parser.add_argument(
        "--endpoint",
        metavar="URL",
        required=True,
        help="of the UI of Kubeflow Pipelines: http(s)://HOST[:PORT][/PATH]",
    )
    parser.add_argument(
        "--name", metavar="NAME", help="name of the run; default: the pipeline's, with the time"
    )
    parser.add_argument(
        "--experiment",
        metavar="NAME",
        help="experiment that the run joins, created if need be; default: the server's",
    )
    parser.add_argument(
        "--namespace", metavar="NAME", help="your namespace, where Kubeflow has several users"
    )
    parser.add_argument("--no-cache", action="store_true", help="make everything anew")
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Creates the run and prints its name and its link."""
    from ..kubeflow.api import TOKEN_VARIABLE, PipelinesClient
    from ..kubeflow.compiled import load_compiled

    pipeline = load_compiled(arguments.pipeline)
    parameters = pipeline.values(arguments.parameters)
    if arguments.no_cache:
        pipeline = pipeline.without_cache()
    name = arguments.name or f"{pipeline.name} {datetime.datetime.now():%Y-%m-%d %H:%M:%S}"
    with PipelinesClient(arguments.endpoint, token=os.environ.get(TOKEN_VARIABLE)) as client:
        run = client.create_run(
            pipeline,
            parameters,
            name=name,
            experiment=arguments.experiment,
            namespace=arguments.namespace,
        )
    print(f"{name}\n{run.link}")
    return 0
