"""The network film: any recorded network, drawn with its real numbers."""
