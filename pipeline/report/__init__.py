"""The report of one or several sweeps, built from their run folders and nothing else."""
