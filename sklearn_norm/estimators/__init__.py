"""What every estimator is made of: state, scikit-learn's shell, and the scaler."""
