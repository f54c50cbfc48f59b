"""X.509 with Ed25519 alone: certificates of those who sign packages, and lists of those revoked.

A certificate has one byte form, DER, and everything that it says is understood or it is refused. Whether to trust
one is ``path.check_path``'s to say, from a root that the caller brings. Knows no packages and no trust store.

    chain = read_pem(data, what="chain.pem")
    leaf, *issuers = check_path(chain, root=root, name="expert-sql", at=datetime.now(UTC))

``der`` reads and writes values, ``names`` compares them, ``extensions`` and ``reading`` know certificates,
``requests`` and ``making`` make them, ``revocation`` and ``index`` know those that no longer count.
"""
