"""Rules as people meet them: built from words, tried before they are recorded, listed, changed."""
