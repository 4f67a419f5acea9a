"""From result files to tables and plots: read, derive, write; `report.py` is the command."""
