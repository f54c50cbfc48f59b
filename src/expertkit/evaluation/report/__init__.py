"""What an evaluation found: as data, as pictures, and as a page for people."""
