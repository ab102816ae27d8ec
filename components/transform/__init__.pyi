from .component import ReviewTransform as ReviewTransform
from .preprocessing import preprocessing_fn as preprocessing_fn
