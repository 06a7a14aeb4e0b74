"""Base classes of all estimators: state, the scikit-learn interface, and the scaler."""
