"""Beam jobs, the run directory, and the command line. The only package that imports Beam."""
