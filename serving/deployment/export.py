"""Everything that stock TensorFlow Serving needs to serve a pushed model."""

from __future__ import annotations

import os
import shutil

import yaml

from ...files import folder_lock, partial_version, whole_folder
from .compose import compose_file
from .kserve import inference_service
from .kubernetes import manifests
from .pushed_model import PushedModel
from .settings import Deployment
from .signed_files import write_signed
from .text_protos import text_protos


def export_deployment(deployment: Deployment, output: str) -> list[str]:
    """Writes text protos, a Compose file, manifests for Kubernetes and an InferenceService.

    Writing them again changes nothing. A file that something else wrote, or that was changed
    since, is never replaced.

    Args:
        deployment: What is served, and how.
        output: Directory for the files; made when needed. A copy of the model goes to
            models/NAME/VERSION under it.

    Returns:
        The files, as paths under `output`.

    Raises:
        RunError: If a file is there that this function did not write as it is.

    Example:
        >>> model = find_pushed_model("runs/shoes/serving/shoes")
        >>> export_deployment(Deployment(model, "shoes", "/models/shoes"), "deploy")[:2]
        ['models.config', 'batching_parameters.txt']
    """
    config = text_protos(deployment)
    documents = {
        "compose.yaml": compose_file(deployment, list(config)),
        **{f"kubernetes/{name}": m for name, m in manifests(deployment, config).items()},
        "kserve/inferenceservice.yaml": inference_service(deployment),
    }
    files = config | {path: _to_yaml(document) for path, document in documents.items()}
    write_signed(output, files)
    if deployment.copy_model:
        _copy_version(deployment.model, os.path.join(output, "models", deployment.name))
    return list(files)


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as such, and nothing by reference."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _represent_text(dumper: _Dumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def _to_yaml(document: dict) -> str:
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)


def _copy_version(model: PushedModel, base: str) -> None:
    """Copies the version's directory, which appears whole; one that is there stays."""
    target = os.path.join(base, model.version)
    os.makedirs(base, exist_ok=True)
    with folder_lock(base) as alone:
        # What an export that was killed has left.
        for name in os.listdir(base):
            version = partial_version(name)
            if version == model.version or (version and alone):
                shutil.rmtree(os.path.join(base, name), ignore_errors=True)
        if os.path.exists(target):
            return
        with whole_folder(target) as folder:
            shutil.copytree(model.directory, folder, dirs_exist_ok=True)
