"""The scalers, one file each, independent of one another."""
