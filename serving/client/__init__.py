"""A client for TensorFlow Serving and for `reviewlens serve`, without TensorFlow.

It needs httpx for REST, grpcio and protobuf for gRPC, and imports each when it is first used.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
