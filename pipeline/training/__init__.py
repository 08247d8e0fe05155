"""Training one stack of runs, with a checkpoint after every epoch."""
