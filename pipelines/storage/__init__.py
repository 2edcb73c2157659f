"""The run directory: the one place where files of a run are named, written and read."""
