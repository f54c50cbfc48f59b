"""Items, generators and the prompt renderer: what experts learn from and are asked."""
