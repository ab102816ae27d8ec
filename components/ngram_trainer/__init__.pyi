from .component import NgramTrainer as NgramTrainer
from .trained_ngrams import TrainedNgrams as TrainedNgrams
from .training import train_on_ngrams as train_on_ngrams
