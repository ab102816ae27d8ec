"""The InferenceService for KServe 0.10 and later."""

from __future__ import annotations

from .kubernetes import (
    CPU_TARGET,
    REPLICAS,
    claim_name,
    config_map_name,
    metadata,
    resources,
)
from .settings import CONFIG_DIRECTORY, Deployment
from .text_protos import server_flags


def inference_service(deployment: Deployment) -> dict:
    """Describes the model for KServe's own runtime of TensorFlow Serving.

    The runtime names the model after the service and takes an image too old for TF Text's
    operations; both are set here. It needs the ConfigMap and the claim of `manifests`.

    Args:
        deployment: What is served where.

    Returns:
        The manifest.
    """
    smallest, largest = REPLICAS
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": metadata(deployment, deployment.label),
        "spec": {
            "predictor": {
                "minReplicas": smallest,
                "maxReplicas": largest,
                "scaleMetric": "cpu",
                "scaleTarget": CPU_TARGET,
                "model": {
                    "modelFormat": {"name": "tensorflow", "version": "2"},
                    "protocolVersion": "v1",
                    "storageUri": f"pvc://{claim_name(deployment)}/{deployment.name}",
                    "image": deployment.image,
                    # Added to the runtime's; of two equal flags the last one counts.
                    "args": [f"--model_name={deployment.name}", *server_flags(deployment)],
                    "resources": resources(deployment),
                    "volumeMounts": [
                        {"name": "config", "mountPath": CONFIG_DIRECTORY, "readOnly": True}
                    ],
                },
                "volumes": [{"name": "config", "configMap": {"name": config_map_name(deployment)}}],
            }
        },
    }
