from .artifacts import RejectedRows as RejectedRows
from .cleaning import clean_text as clean_text
from .component import ReviewExampleGen as ReviewExampleGen
from .settings import DataSettings as DataSettings
from .settings import DerivedColumn as DerivedColumn
from .settings import from_json as from_json
from .settings import to_json as to_json
from .splitting import Splitter as Splitter
