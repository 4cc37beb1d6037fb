"""Scene to file: pixels, SVG, video, page; one back end a module."""
