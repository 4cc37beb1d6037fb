"""The recorder: any PyTorch model, while it runs or learns, becomes a trace."""

import sys
from types import ModuleType

from .forward import record
from .keep import Keep
from .recorder import Recorder
from .recording import recording

__all__ = ["Keep", "Recorder", "record", "recording"]


class _Room(ModuleType):
    """The room that can be called: `layerwise.record(model, batch)` is its function `record`.

    Importing any part of a room puts the room itself under its name into the package, where the
    function of the same name would otherwise stand.
    """

    __call__ = staticmethod(record)


sys.modules[__name__].__class__ = _Room
