"""A package, a folder or a manifest is read: ``opening`` finds out which it is; all but a signature is checked."""
