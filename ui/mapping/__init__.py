"""What the pages Objective and Behaviour show of a mapping: sentences, tables, forms, and figures in their places."""
