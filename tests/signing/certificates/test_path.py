"""Which certificates are believed: one test for each rule, and what holds in spite of being unusual."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from cryptography import x509

from expertkit.errors import FormatError, SignatureError
from expertkit.signing.certificates.path import check_chain, check_path
from expertkit.signing.certificates.reading import Certificate, read
from tests.signing.certificates import corpus
from tests.signing.certificates.builders import (
    AT,
    NAME,
    YEAR,
    common_name,
    constraints,
    make_chain,
    make_key,
    make_specs,
    sign_all,
    uris,
)

SIGNER, TEAM, ROOT = 0, 1, 2

RULES: list[tuple[corpus.Defect, int, str]] = [
    (corpus.signature_of_another, SIGNER, "expected the signature of CN=Team 0, got another"),
    (corpus.signature_of_another, TEAM, "expected the signature of CN=Acme, got another"),
    (corpus.signature_of_another, ROOT, "expected the signature of CN=Acme, got another"),
    (corpus.flipped_signature, SIGNER, "expected the signature of CN=Team 0"),
    (corpus.second_signature, SIGNER, "S below the group order"),
    (corpus.changed_after_signing, SIGNER, "expected the signature of CN=Team 0"),
    (corpus.expired, SIGNER, "CN=Ada: expired 2027-03-01T11:59:59Z"),
    (corpus.expired, TEAM, "CN=Team 0: expired"),
    (corpus.expired, ROOT, "CN=Acme: expired"),
    (corpus.expires_now, SIGNER, "expired 2027-03-01T12:00:00Z"),
    (corpus.not_yet_valid, SIGNER, "not valid before 2027-03-01T12:00:01Z, which is after 2027-03-01T12:00:00Z"),
    (corpus.not_yet_valid, TEAM, "not valid before"),
    (corpus.not_yet_valid, ROOT, "not valid before"),
    (corpus.other_issuer, SIGNER, "expected one issued by CN=Team 0, got one by CN=Somebody"),
    (corpus.other_letters, SIGNER, "got one by CN=Team 0 in other bytes"),
    (corpus.other_issuer, ROOT, "expected a root, got one issued by CN=Somebody"),
    (corpus.key_identifier_of_another, SIGNER, "of its issuer, got one issued by key 616e6f74686572"),
    (corpus.no_authority, TEAM, "CN=Team 0: expected an authority by a critical extension"),
    (corpus.no_authority, ROOT, "CN=Acme: expected an authority by a critical extension"),
    (corpus.no_basic_constraints, TEAM, "expected an authority"),
    (corpus.constraints_not_critical, TEAM, "by a critical extension"),
    (corpus.no_key_usage, TEAM, "expected a key that may sign certificates"),
    (corpus.no_certificate_signing, ROOT, "expected a key that may sign certificates"),
    (corpus.path_length_exceeded, ROOT, "CN=Acme: expected at most 0 authorities below it, got 1"),
    (corpus.self_issued_not_counted, ROOT, "expected at most 0 authorities below it, got 1"),
    (corpus.authority_for_servers, TEAM, "expected code signing among its purposes"),
    (corpus.same_key_twice, SIGNER, "the same key twice"),
    (corpus.names_outside, TEAM, "CN=Team 0: expected an expert of expert-json, got expert-sql"),
    (corpus.names_outside, ROOT, "CN=Acme: expected an expert of expert-json, got expert-sql"),
    (corpus.names_excluded, ROOT, "expected an expert of not expert-sql, got expert-sql"),
    (corpus.second_name_outside, ROOT, "expected an expert of expert-sql, got expert-json"),
    (corpus.pattern_as_wide_as_its_limit, TEAM, r"expected an expert of expert-sql, .acme, got .acme"),
    (corpus.authority_named_outside, ROOT, "expected an expert of expert-sql, got expert-json"),
    (corpus.nameless_and_not_permitted, ROOT, "expected an expert of expert-json, got expert-sql"),
    (corpus.signer_is_authority, SIGNER, "expected a signer of packages, got an authority"),
    (corpus.signer_signs_certificates, SIGNER, "expected a signer of packages, got an authority"),
    (corpus.signer_signs_no_data, SIGNER, "expected a key that may sign data"),
    (corpus.no_usage_of_signer, SIGNER, "expected a key that may sign data"),
    (corpus.signer_without_purpose, SIGNER, "expected the purpose of code signing by its own name"),
    (corpus.signer_for_any_purpose, SIGNER, "expected the purpose of code signing by its own name"),
    (corpus.signer_for_servers, SIGNER, "expected the purpose of code signing by its own name"),
    (corpus.another_expert, SIGNER, "CN=Ada: expected an expert of expert-json, got expert-sql"),
]


@pytest.mark.parametrize(
    ("defect", "place", "message"), RULES, ids=[f"{defect.__name__}-{place}" for defect, place, _ in RULES]
)
def test_a_path_with_one_defect_is_refused_for_it(defect: corpus.Defect, place: int, message: str) -> None:
    """Each rule is one sentence that names whose certificate breaks it."""
    specs = make_specs(1)
    defect(specs, place)
    *chain, root = map(read, sign_all(specs))

    with pytest.raises(SignatureError, match=message):
        check_path(chain, root=root, name=NAME, at=AT)


def test_every_defect_that_can_be_read_has_its_rule() -> None:
    """The list above leaves nothing out: what is not in it is refused when it is read."""
    judged = {defect for defect, _, _ in RULES}

    for defect in corpus.DEFECTS.keys() - judged:
        specs = make_specs(1)
        defect(specs, 1 if corpus.SIGNER not in corpus.DEFECTS[defect] else 0)
        with pytest.raises(FormatError):
            list(map(read, sign_all(specs)))


@pytest.mark.parametrize("intermediates", [0, 1, 2])
def test_a_good_chain_gives_its_path_with_or_without_its_root(intermediates: int) -> None:
    """Signer first, root last, each once."""
    chain, root = make_chain(intermediates)

    assert check_path(chain, root=root, name=NAME, at=AT) == (*chain, root)
    assert check_path([*chain, root], root=root, name=NAME, at=AT) == (*chain, root)


def test_no_certificate_is_no_path() -> None:
    """An empty chain is refused, and so is the root alone."""
    _, root = make_chain(0)

    for chain in ([], [root]):
        with pytest.raises(SignatureError, match="expected a signer's, got"):
            check_path(chain, root=root, name=NAME, at=AT)


def test_more_than_two_authorities_between_are_refused() -> None:
    """Whatever their path lengths allow."""
    chain, root = make_chain(3)

    with pytest.raises(SignatureError, match="expected at most 2 between signer and root"):
        check_path(chain, root=root, name=NAME, at=AT)


@pytest.mark.parametrize(
    ("arrange", "message"),
    [
        (lambda chain: [*chain, chain[-1]], "each one once"),
        (lambda chain: [chain[0], chain[0], chain[1]], "each one once"),
        (lambda chain: [chain[1], chain[0]], "expected one issued by"),
        (lambda chain: chain[:1], "expected one issued by CN=Acme, got one by CN=Team 0"),
        (lambda chain: chain[1:], "expected a signer of packages, got an authority"),
    ],
    ids=["authority twice", "signer twice", "wrong order", "issuer missing", "signer missing"],
)
def test_a_chain_is_complete_and_in_order(
    arrange: Callable[[Sequence[Certificate]], list[Certificate]], message: str
) -> None:
    """Nothing is searched for, skipped or put right."""
    chain, root = make_chain(1)

    with pytest.raises(SignatureError, match=message):
        check_path(arrange(chain), root=root, name=NAME, at=AT)


def test_a_root_of_the_same_name_is_not_the_one_that_is_trusted() -> None:
    """The key decides: another Acme made the chain."""
    chain, _ = make_chain(1)
    *_, other = map(read, sign_all(make_specs(1, seed=5)))

    with pytest.raises(SignatureError, match="CN=Team 0: expected key"):
        check_path(chain, root=other, name=NAME, at=AT)


def test_an_authority_between_is_no_root() -> None:
    """What is trusted has issued itself."""
    chain, _ = make_chain(1)

    with pytest.raises(SignatureError, match="expected a root, got one issued by CN=Acme"):
        check_path(chain[:1], root=chain[1], name=NAME, at=AT)


def test_expiry_says_until_when_and_what_helps() -> None:
    """The one who made it makes a new one."""
    chain, root = make_chain(1)

    with pytest.raises(SignatureError, match="expired 2028-02-29T12:00:00Z") as refusal:
        check_path(chain, root=root, name=NAME, at=AT + YEAR)

    assert refusal.value.hint is not None
    assert "expert-cli cert issue" in refusal.value.hint
    check_path(chain, root=root, name=NAME, at=AT + YEAR - timedelta(microseconds=1))


@pytest.mark.parametrize(
    "name", ["expert-json", "expert-sq", "expert-sql2", "", ".acme", "EXPERT-SQL", "expert-sql.", "x/y"]
)
def test_another_expert_than_the_one_named_is_refused(name: str) -> None:
    """Names are compared whole; what is no name is nobody's."""
    chain, root = make_chain(1)

    with pytest.raises(SignatureError):
        check_path(chain, root=root, name=name, at=AT)


@pytest.mark.parametrize("name", ["", ".acme", "EXPERT-SQL", "expert sql", "expert://expert-sql/"])
def test_a_signer_of_every_expert_still_signs_experts_alone(name: str) -> None:
    """Without names of its own, any expert's name passes, and nothing else."""
    specs = make_specs(1)
    specs[SIGNER].drop(x509.SubjectAlternativeName)
    *chain, root = map(read, sign_all(specs))

    check_path(chain, root=root, name="expert-json", at=AT)
    with pytest.raises(SignatureError):
        check_path(chain, root=root, name=name, at=AT)


def test_a_suffix_stands_for_every_longer_name() -> None:
    """``.acme`` is sql.acme and a.b.acme, but neither acme nor .acme nor badacme."""
    specs = make_specs(1)
    specs[SIGNER].put(x509.SubjectAlternativeName(uris(".acme")))
    *chain, root = map(read, sign_all(specs))

    for name in ("expert-sql.acme", "a.b.acme"):
        check_path(chain, root=root, name=name, at=AT)
    for name in ("acme", ".acme", "badacme", "expert-sql.acme.evil"):
        with pytest.raises(SignatureError):
            check_path(chain, root=root, name=name, at=AT)


def test_every_authority_of_the_path_limits_the_names() -> None:
    """What one permits and another does not is refused, whichever stands above."""
    for narrow, wide in ((TEAM, ROOT), (ROOT, TEAM)):
        specs = make_specs(1)
        specs[wide].put(constraints(permitted=[NAME, "expert-json"]), critical=True)
        specs[narrow].put(constraints(permitted=[NAME]), critical=True)
        specs[SIGNER].drop(x509.SubjectAlternativeName)
        *chain, root = map(read, sign_all(specs))

        check_path(chain, root=root, name=NAME, at=AT)
        with pytest.raises(SignatureError, match="got expert-json"):
            check_path(chain, root=root, name="expert-json", at=AT)


def test_what_is_excluded_is_so_even_where_it_is_permitted() -> None:
    """A suffix with an exception."""
    specs = make_specs(1)
    specs[ROOT].put(constraints(permitted=[".acme"], excluded=["secret.acme"]), critical=True)
    specs[SIGNER].put(x509.SubjectAlternativeName(uris("open.acme", ".x.acme")))
    *chain, root = map(read, sign_all(specs))

    check_path(chain, root=root, name="open.acme", at=AT)
    with pytest.raises(SignatureError):
        check_path(chain, root=root, name="secret.acme", at=AT)


def test_a_chain_alone_says_nothing_of_its_end() -> None:
    """``check_chain`` holds without a root, and still refuses a broken link."""
    chain, root = make_chain(2)

    check_chain(chain, at=AT, names=[NAME])
    with pytest.raises(SignatureError, match="expected one issued by"):
        check_chain([chain[0], chain[2]], at=AT)
    with pytest.raises(SignatureError, match="got an authority"):
        check_chain([chain[1], chain[2], root], at=AT)


def test_a_signer_cannot_issue() -> None:
    """The confusion that cosign had: a key for packages makes a certificate, and nobody believes it."""
    specs = make_specs(1)
    above = specs[SIGNER]
    below = make_specs(0)[SIGNER]
    below.subject, below.issuer, below.key, below.issuer_key = (
        common_name("Eve"),
        above.subject,
        make_key(77),
        above.key,
    )
    below.drop(x509.AuthorityKeyIdentifier)
    *chain, root = map(read, sign_all(specs))

    with pytest.raises(SignatureError, match="CN=Ada: expected an authority"):
        check_path([read(below.sign()), *chain], root=root, name=NAME, at=AT)
