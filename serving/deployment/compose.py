"""The file for `docker compose`."""

from __future__ import annotations

from .settings import CONFIG_DIRECTORY, GRPC_PORT, REST_PORT, Deployment
from .text_protos import MODELS_FLAG, server_flags

# The image has neither curl nor wget, but bash opens sockets.
_HEALTH = (
    "exec 3<>/dev/tcp/127.0.0.1/{port} && "
    "printf 'GET {path} HTTP/1.0\\r\\n\\r\\n' >&3 && grep -q AVAILABLE <&3"
)


def compose_file(deployment: Deployment, config_files: list[str]) -> dict:
    """Describes one server on this machine, reachable from this machine alone.

    Args:
        deployment: What is served where.
        config_files: Names of the text protos beside the file.

    Returns:
        The document, by the Compose Specification.
    """
    mounts = {name: (f"./{name}", f"{CONFIG_DIRECTORY}/{name}") for name in config_files}
    mounts["model"] = (deployment.source, deployment.base_path)
    return {
        "name": deployment.label,
        "services": {
            deployment.label: {
                "image": deployment.image,
                "command": [MODELS_FLAG, *server_flags(deployment)],
                "ports": [f"127.0.0.1:{port}:{port}" for port in (GRPC_PORT, REST_PORT)],
                "volumes": [
                    {
                        "type": "bind",
                        # Compose puts environment variables in place of a single dollar sign.
                        "source": source.replace("$", "$$"),
                        "target": target.replace("$", "$$"),
                        "read_only": True,
                    }
                    for source, target in mounts.values()
                ],
                "healthcheck": {
                    "test": [
                        "CMD",
                        "bash",
                        "-c",
                        _HEALTH.format(port=REST_PORT, path=deployment.status_path),
                    ],
                    "interval": "10s",
                    "timeout": "5s",
                    "start_period": "120s",
                },
                "restart": "unless-stopped",
                "cpus": deployment.cpus,
                "mem_limit": f"{deployment.memory}m",
            }
        },
    }
