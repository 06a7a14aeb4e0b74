"""The scalers, one short file each; none knows another."""
