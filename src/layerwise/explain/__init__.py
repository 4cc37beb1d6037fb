"""Explanations that compute: each runs real code on a network and gives what happened as a trace."""
