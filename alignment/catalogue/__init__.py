"""Items and decision tables in DuckDB: reading, typing, and what a table holds."""
