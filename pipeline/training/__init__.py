"""Training one stack of runs, with its state kept after every epoch."""
