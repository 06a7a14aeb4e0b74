"""Invertible maps of columns, built on NumPy and kernels and independent of scikit-learn."""
