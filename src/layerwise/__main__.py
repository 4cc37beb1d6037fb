"""`python -m layerwise` is the command line."""

from .cli import main

main()
