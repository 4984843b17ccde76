"""Which constraints contradict each other on the catalogue, with proofs, counts and the smallest repairs."""
