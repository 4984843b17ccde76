"""What Frame shows: the catalogue, and levers, metrics, links and goals as tables to edit."""
