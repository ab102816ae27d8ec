"""What the files for a deployment have in common."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

from ...errors import UsageError
from .pushed_model import PushedModel

DEFAULT_IMAGE = "tensorflow/serving:2.19.1"
GRPC_PORT, REST_PORT = 8500, 8501
# Where the containers find the text protos.
CONFIG_DIRECTORY = "/config"
# What Kubernetes and KServe append to it must fit into the 63 characters of a label too.
_LONGEST_LABEL = 40


@dataclasses.dataclass(frozen=True)
class Deployment:
    """A model and the server that it gets.

    Attributes:
        model: The model on this machine.
        name: Name of the served model, as requests give it.
        base_path: Where the server finds the model's versions.
        image: Container image of TensorFlow Serving.
        cpus: Cores of one replica.
        copy_model: Whether Compose uses a copy of the version, beside its file.

    Raises:
        UsageError: If `name`, `base_path`, `image` or `cpus` cannot be right.

    Example:
        >>> model = find_pushed_model("runs/shoes/serving/shoes")
        >>> Deployment(model, "Shoe_Reviews", "/models/Shoe_Reviews").label
        'shoe-reviews'
    """

    model: PushedModel
    name: str
    base_path: str
    image: str = DEFAULT_IMAGE
    cpus: int = 2
    copy_model: bool = False

    def __post_init__(self) -> None:
        for problem in self._problems():
            raise UsageError(problem)

    @property
    def label(self) -> str:
        """The name as a DNS label, as Kubernetes wants to have it."""
        label = re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")
        if not label[0].isalpha():
            label = f"model-{label}"
        return label[:_LONGEST_LABEL].rstrip("-")

    @property
    def source(self) -> str:
        """Where Compose finds the model's versions: absolute, or relative to its file."""
        return f"./models/{self.name}" if self.copy_model else self.model.base

    @property
    def memory(self) -> int:
        """MiB of one replica, a multiple of 256.

        While a new version replaces an old one both are loaded, and each takes up to twice
        the size of its files.
        """
        needed = 1024 + 4 * self.model.size() / 2**20
        return 256 * -int(-needed // 256)

    @property
    def status_path(self) -> str:
        """Path of the model's status in the REST API."""
        return f"/v1/models/{self.name}"

    def _problems(self) -> Iterator[str]:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", self.name):
            yield (
                f"{self.name!r} cannot be the name of a served model, a part of URLs and paths: "
                "letters, digits, '-', '_' and '.', a letter or digit first"
            )
        if not re.fullmatch(r"/[^\x00-\x1f:]*[^\x00-\x1f:/]", self.base_path):
            yield f"base path {self.base_path!r}: give an absolute path such as /models/{self.name}"
        if not re.fullmatch(r"[\w.-]+(:\d+)?(/[\w.-]+)*(:[\w.-]+)?(@sha256:\w+)?", self.image):
            yield f"image {self.image!r}: give an image such as {DEFAULT_IMAGE}"
        if self.cpus < 1:
            yield f"{self.cpus} CPUs: give 1 or more"
