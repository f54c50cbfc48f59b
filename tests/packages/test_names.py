"""Names of packages."""

from __future__ import annotations

from expertkit.packages.names import package_name


def test_a_package_is_named_after_expert_base_and_version() -> None:
    """The dot of a base's name stays."""
    assert package_name("expert-sql", "qwen3-0.6b", "1.0.0") == "expert-sql-qwen3-0.6b.v1.0.0.expert"
