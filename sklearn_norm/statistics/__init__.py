"""Mergeable records of columns. They know NumPy and kernels, and nothing of scikit-learn."""
