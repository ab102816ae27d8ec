"""The manifests for Kubernetes 1.23 and later."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from .settings import CONFIG_DIRECTORY, GRPC_PORT, REST_PORT, Deployment
from .text_protos import METRICS_PATH, MODELS_FLAG, server_flags

REPLICAS = (2, 10)
# Percent of the requested cores above which replicas are added.
CPU_TARGET = 70
# A connection stays with one replica, so new replicas get requests only as old ones end.
_CONNECTION_AGE_MS = 300_000


def manifests(deployment: Deployment, config: Mapping[str, str]) -> dict[str, dict]:
    """Makes the manifests.

    Args:
        deployment: What is served where.
        config: The text protos, file name -> content.

    Returns:
        File name -> manifest. The models come from a claim in whose root each model has a
        directory by its name.
    """
    return {
        "configmap.yaml": _config_map(deployment, config),
        "volume.yaml": _volume_claim(deployment),
        "deployment.yaml": _deployment(deployment, config),
        "service.yaml": _service(deployment),
        "hpa.yaml": _autoscaler(deployment),
    }


def config_map_name(deployment: Deployment) -> str:
    """Returns the name of the ConfigMap with the text protos."""
    return f"{deployment.label}-config"


def claim_name(deployment: Deployment) -> str:
    """Returns the name of the claim that holds the models."""
    return f"{deployment.label}-models"


def metadata(deployment: Deployment, name: str) -> dict:
    """Returns the metadata of an object, with the recommended labels."""
    return {"name": name, "labels": _labels(deployment)}


def resources(deployment: Deployment) -> dict:
    """Returns requests and limits of the server's container, which are the same."""
    amounts = {"cpu": str(deployment.cpus), "memory": f"{deployment.memory}Mi"}
    return {"requests": amounts, "limits": amounts}


def _labels(deployment: Deployment) -> dict:
    return {
        "app.kubernetes.io/name": "tensorflow-serving",
        "app.kubernetes.io/instance": deployment.label,
    }


def _config_map(deployment: Deployment, config: Mapping[str, str]) -> dict:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(deployment, config_map_name(deployment)),
        "data": dict(config),
    }


def _volume_claim(deployment: Deployment) -> dict:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": metadata(deployment, claim_name(deployment)),
        "spec": {
            # One writer brings new versions while replicas on any node read.
            "accessModes": ["ReadWriteMany"],
            "resources": {"requests": {"storage": "10Gi"}},
        },
    }


def _deployment(deployment: Deployment, config: Mapping[str, str]) -> dict:
    labels = _labels(deployment)
    digest = hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(deployment, deployment.label),
        # Without `replicas`: applying the file again would undo what the autoscaler has set.
        "spec": {
            "selector": {"matchLabels": labels},
            "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": {
                "metadata": {
                    "labels": labels,
                    "annotations": {
                        # A server reads its files once; other files need other pods.
                        "checksum/config": digest,
                        "prometheus.io/scrape": "true",
                        "prometheus.io/port": str(REST_PORT),
                        "prometheus.io/path": METRICS_PATH,
                    },
                },
                "spec": _pod(deployment),
            },
        },
    }


def _pod(deployment: Deployment) -> dict:
    return {
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 1000,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(deployment)],
        "volumes": [
            {"name": "config", "configMap": {"name": config_map_name(deployment)}},
            {
                "name": "models",
                "persistentVolumeClaim": {"claimName": claim_name(deployment), "readOnly": True},
            },
        ],
    }


def _container(deployment: Deployment) -> dict:
    return {
        "name": "tensorflow-serving",
        "image": deployment.image,
        "args": [
            MODELS_FLAG,
            *server_flags(deployment),
            f"--grpc_channel_arguments=grpc.max_connection_age_ms={_CONNECTION_AGE_MS}",
        ],
        "ports": [
            {"name": "grpc", "containerPort": GRPC_PORT},
            {"name": "http", "containerPort": REST_PORT},
        ],
        # The ports open when the first load has ended; it may take five minutes.
        "startupProbe": _probe(deployment, every=5, failures=60),
        "readinessProbe": _probe(deployment, every=5, failures=2),
        "livenessProbe": _probe(deployment, every=10, failures=6),
        # The server ends at once on SIGTERM; before that its address must be out of use.
        "lifecycle": {"preStop": {"exec": {"command": ["sleep", "10"]}}},
        "resources": resources(deployment),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "config", "mountPath": CONFIG_DIRECTORY, "readOnly": True},
            {
                "name": "models",
                "mountPath": deployment.base_path,
                "subPath": deployment.name,
                "readOnly": True,
            },
        ],
    }


def _probe(deployment: Deployment, *, every: int, failures: int) -> dict:
    return {
        "httpGet": {"path": deployment.status_path, "port": "http"},
        "periodSeconds": every,
        "timeoutSeconds": 5,
        "failureThreshold": failures,
    }


def _service(deployment: Deployment) -> dict:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(deployment, deployment.label),
        "spec": {
            "selector": _labels(deployment),
            "ports": [
                {"name": "grpc", "port": GRPC_PORT, "targetPort": "grpc"},
                {"name": "http", "port": REST_PORT, "targetPort": "http"},
            ],
        },
    }


def _autoscaler(deployment: Deployment) -> dict:
    smallest, largest = REPLICAS
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": metadata(deployment, deployment.label),
        "spec": {
            "scaleTargetRef": {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "name": deployment.label,
            },
            "minReplicas": smallest,
            "maxReplicas": largest,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {
                        "name": "cpu",
                        "target": {"type": "Utilization", "averageUtilization": CPU_TARGET},
                    },
                }
            ],
        },
    }
