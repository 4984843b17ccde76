"""What rules mean: text to tree, allow-list and types, normal form, and back to SQL."""
