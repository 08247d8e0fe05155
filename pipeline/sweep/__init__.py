"""Many runs as one piece of work: what is there already, what trains together, and where."""
