"""The NumPy backend: every kernel of the contract in blocked, threaded ufuncs."""
