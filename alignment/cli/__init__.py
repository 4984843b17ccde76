"""The command line: what pipelines run; it shows what the browser shows, from the same functions."""
