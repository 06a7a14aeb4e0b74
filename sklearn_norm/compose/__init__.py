"""Several estimators at once: merged, compared."""
