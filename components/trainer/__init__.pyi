from .artifacts import TrainedModel as TrainedModel
from .component import ReviewTrainer as ReviewTrainer
from .fine_tuning import fine_tune as fine_tune
from .replaced import remove_replaced_checkpoint as remove_replaced_checkpoint
from .trained_model import TrainedWeights as TrainedWeights
from .watched_training import TrainingRun as TrainingRun
