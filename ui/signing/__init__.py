"""What Sign & export shows: what blocks, who has signed what, and what can be taken away."""
