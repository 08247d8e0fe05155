"""Many runs as one unit of work: what is done already, what trains together, and where."""
