"""A module for each room: `CALLS`, of names to a wrong call and a pattern of its message."""
