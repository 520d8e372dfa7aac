"""The tables of README.md and docs/, one module for each result."""
