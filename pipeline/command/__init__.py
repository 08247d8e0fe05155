"""What people and Hydra call: the command line, its task, the launcher and the sweepers."""
