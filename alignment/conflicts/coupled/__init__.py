"""Rules that tie items or levers together: ladders, aggregates and linked levers, decided on the whole catalogue."""
