from .component import TextSegments as TextSegments
