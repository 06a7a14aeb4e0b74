"""Mergeable records of columns, built on NumPy and kernels and independent of scikit-learn."""
