"""The publisher's signature on a package: the stage, the ledger, an authority of one's own."""
