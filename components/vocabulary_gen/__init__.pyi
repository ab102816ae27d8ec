from .component import VocabularyGen as VocabularyGen
from .settings import VocabularySettings as VocabularySettings
