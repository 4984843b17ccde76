"""What Conflicts shows: the verdict, a card per conflict, ways out, and what else the check found."""
