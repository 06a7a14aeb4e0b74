"""Maps of columns that can be undone. They know NumPy and kernels, and nothing of scikit-learn."""
