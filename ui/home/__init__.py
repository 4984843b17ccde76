"""What Home shows: ways in, and the initiatives there are."""
