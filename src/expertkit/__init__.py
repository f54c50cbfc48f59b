"""Small language models made good at one thing: from parameters to a signed release."""
