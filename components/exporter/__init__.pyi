from .component import ModelExporter as ModelExporter
from .exporting import EXPORT_FILE as EXPORT_FILE
from .exporting import export_trained as export_trained
