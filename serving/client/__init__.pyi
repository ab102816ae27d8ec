from .client import Client as Client
from .errors import InvalidRequest as InvalidRequest
from .errors import ModelNotFound as ModelNotFound
from .errors import ServerError as ServerError
from .errors import ServerTimeout as ServerTimeout
from .errors import ServerUnavailable as ServerUnavailable
from .target import TLS as TLS
