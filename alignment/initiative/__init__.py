"""What a workshop records: models of the initiative file, reading, writing and hashing it."""
