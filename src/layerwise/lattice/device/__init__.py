"""The copying layers on a torch device, such as a GPU: the same bits as on the processor."""
