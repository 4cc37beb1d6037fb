"""The recorder: any PyTorch model, while it runs or learns, becomes a trace."""

from .forward import record
from .keep import Keep
from .recorder import Recorder
from .recording import recording

__all__ = ["Keep", "Recorder", "record", "recording"]
