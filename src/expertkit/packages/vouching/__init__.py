"""Who vouches for a package, and whether that holds: verifying it, what this computer trusts, the log of releases."""
