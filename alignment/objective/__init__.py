"""Does what the model optimises map to the goals: structure, agreement, behaviour on a table, repair of weights."""
