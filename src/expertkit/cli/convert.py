"""``expert-cli convert``: packages in the other form."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from expertkit.cli import options, reading, trusting
from expertkit.cli.main import emit
from expertkit.cli.sign import make_signer

if TYPE_CHECKING:
    from expertkit.packages.conversion import Converted

_FORMS = {"binary": "container", "archive": "archive"}


@click.command("convert")
@click.argument("packages", nargs=-1, required=True, type=options.There())
@click.option(
    "--to", "form", type=click.Choice(list(_FORMS)), default="binary", show_default=True, help="The form to write."
)
@click.option(
    "--output", type=options.PATH, default="converted", show_default=True, metavar="DIR",
    help="Folder for the results.",
)  # fmt: skip
@options.codec
@options.compression_level
@options.alignment
@click.option("--key", type=options.PATH, metavar="KEY", help="The private key to sign the results with.")
@click.option(
    "--valid-days", type=click.IntRange(1, 3650), metavar="DAYS", help="Days until the signature expires, 365 if none."
)
@trusting.trusted_key
@trusting.allow_older
@trusting.unsigned
@options.as_json
def command(  # noqa: PLR0913  # one argument per option
    packages: tuple[Path, ...], *, form: str, output: Path, codec: str | None, compression_level: int | None,
    alignment: str | None, key: Path | None, valid_days: int | None,
    trusted_key: Path | None, allow_older: bool, unsigned: bool, as_json: bool,
) -> None:  # fmt: skip
    """Write PACKAGES, or every package of a folder, in another form with the very same members.

    Only packages that somebody vouches for whom you trust are taken, unless --unsigned says otherwise. What was written
    is read again and compared: its members have to have the same digest. A signature is about one
    form and is left behind; with --key the result is signed with a key of yours, which then vouches for it. What
    cannot be converted is told at the end, with exit status 12, or 5 where all of it is damaged or nobody vouches for
    it; the others are there.

    Example: expert-cli convert dist --output containers
    """
    from expertkit.containers.writer import Options
    from expertkit.errors import ExpertError, PackagingError
    from expertkit.packages.conversion import convert
    from expertkit.packages.failures import merged

    if valid_days is not None and key is None:
        raise click.UsageError("expected --valid-days with --key")
    options.check_storage(form, codec=codec, level=compression_level, alignment=alignment)
    signer = make_signer(key, valid_days=valid_days or 365) if key else None
    chosen = {"codec": codec, "level": compression_level, "alignment": alignment and int(alignment)}
    how = Options(**{name: value for name, value in chosen.items() if value is not None})  # type: ignore[arg-type]
    files = _files(packages)
    reading.tell_forms(*files)
    done: list[Converted] = []
    failed: list[ExpertError] = []
    for path in files:
        try:
            verifier = trusting.make_unless(
                unsigned=unsigned, pinned=trusted_key, packages=[path], allow_older=allow_older
            )
            made = convert(path, output=output, form=_FORMS[form], options=how, verifier=verifier, signer=signer)  # type: ignore[arg-type]
            done.append(made)
        except OSError as error:
            failed.append(PackagingError(f"{path}: {error.strerror}"))
        except ExpertError as error:
            failed.append(error)
    if done or not failed:
        _show(done, as_json=as_json)
    if failed:
        raise merged(failed)


def _show(done: Sequence[Converted], *, as_json: bool) -> None:
    facts = {"packages": [each.to_json() for each in done]}
    emit(facts, as_json=as_json, text=[line for each in done for line in each.describe()])


def _files(packages: Sequence[Path]) -> list[Path]:
    """The packages that were named, and those in the folders that were; no two of one name."""
    from expertkit.packages.output import packages as inside

    found: dict[str, Path] = {}
    for path in packages:
        files = inside(path) if path.is_dir() else [path]
        if not files:
            raise click.UsageError(f"{path}: expected packages in this folder, got none")
        for file in files:
            if file.name in found:
                raise click.UsageError(f"{file}: expected packages of different names, got {found[file.name]} as well")
            found[file.name] = file
    return list(found.values())
