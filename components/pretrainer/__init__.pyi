from .building import build_with_heads as build_with_heads
from .component import Pretrainer as Pretrainer
from .pretrained import PretrainedWeights as PretrainedWeights
from .pretraining import pretrain as pretrain
