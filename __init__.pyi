from .components.review_example_gen.artifacts import RejectedRows as RejectedRows
from .components.trainer.artifacts import TrainedModel as TrainedModel

__version__: str
