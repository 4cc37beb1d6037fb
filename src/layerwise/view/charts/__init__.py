"""Charts of a recording: by depth, by layer, by class, and several beside each other."""
