"""Label maps smoothed by votes, bit-sliced."""
