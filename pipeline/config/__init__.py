"""The whole configuration: its schema, its checks, and what it builds."""
