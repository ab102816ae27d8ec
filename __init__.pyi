from .components.review_example_gen.artifacts import RejectedRows as RejectedRows
from .components.trainer.artifacts import TrainedModel as TrainedModel
from .pipeline.frames import fit as fit
from .pipeline.frames import load as load

__version__: str
