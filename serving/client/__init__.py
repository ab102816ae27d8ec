"""A client for TensorFlow Serving and for `reviewlens serve`, without TensorFlow.

It needs httpx for REST, grpcio and protobuf for gRPC, and imports each when it is first used.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "client": ["Client"],
        "errors": [
            "InvalidRequest",
            "ModelNotFound",
            "ServerError",
            "ServerTimeout",
            "ServerUnavailable",
        ],
        "target": ["TLS"],
    },
)
