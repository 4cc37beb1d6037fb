"""Networks as plain PyTorch modules, one architecture a file, and the words that build them."""

from .activations import ACTIVATIONS, activation
from .builder import build
from .catalog import ModelEntry, catalog
from .cnn import cnn
from .four_pixel import FOUR_PIXEL_CLASSES, four_pixel, four_pixel_patterns
from .grammar import parse
from .layers import LayerRow, layers
from .mlp import mlp
from .nin import nin
from .perceptron import festival, perceptron
from .resnet import resnet
from .spec import Spec, spec_of

__all__ = [
    "ACTIVATIONS",
    "FOUR_PIXEL_CLASSES",
    "LayerRow",
    "ModelEntry",
    "Spec",
    "activation",
    "build",
    "catalog",
    "cnn",
    "festival",
    "four_pixel",
    "four_pixel_patterns",
    "layers",
    "mlp",
    "nin",
    "parse",
    "perceptron",
    "resnet",
    "spec_of",
]
