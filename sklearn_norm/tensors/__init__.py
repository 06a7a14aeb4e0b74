"""The tensor norms: each is a choice of axes, independent of the others."""
