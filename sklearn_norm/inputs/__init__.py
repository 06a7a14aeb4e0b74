"""What comes in: X read once into a table, its columns, weights, parameters and arguments."""
