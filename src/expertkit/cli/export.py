"""``expert-cli export``: a package for other tools: its adapter, alone or merged, or its members with a signature."""

from __future__ import annotations

from pathlib import Path

import click

from expertkit.cli import options, reading, trusting
from expertkit.cli.main import emit
from expertkit.members.contents import Contents


@click.command("export")
@click.argument("package", type=options.There(dir_okay=False))
@click.option("--peft", is_flag=True, help="Write the adapter as PEFT loads it; OSD is decoded.")
@click.option("--merged", is_flag=True, help="Write the base with the adapter in its weights; LoRA and DoRA.")
@click.option("--oms", is_flag=True, help="Write all members, and sign as OpenSSF model signing (OMS) does.")
@click.option(
    "--key", type=options.PATH, metavar="KEY",
    help="The private key to sign with, of the curve P-256: expert-cli keygen --p256 makes one.",
)  # fmt: skip
@click.option(
    "--base-folder", type=options.There(file_okay=False), metavar="DIR",
    help="Where the base model lies that --merged changes, by default models/<base>; with --peft, one to compare on.",
)  # fmt: skip
@click.option(
    "--output", type=options.PATH, default="exported", show_default=True, metavar="DIR",
    help="Folder for the package's folder and model.sig.",
)  # fmt: skip
@trusting.trusted_key
@trusting.allow_older
@trusting.unsigned
@options.as_json
def command(  # noqa: PLR0913  # one argument per option
    package: Path, *, peft: bool, merged: bool, oms: bool, key: Path | None, base_folder: Path | None, output: Path,
    trusted_key: Path | None, allow_older: bool, unsigned: bool, as_json: bool,
) -> None:  # fmt: skip
    """Write PACKAGE for other tools into a folder named like it.

    With --peft it has adapter_config.json, adapter_model.safetensors and the licence, which is what PEFT loads; with
    --merged, a model that transformers loads without any adapter. Before a merged model is there, and an adapter where
    --base-folder says what to put it on, its logits are compared with the package's own. With --oms it has all members,
    and a signature of yours lies beside it, as model.sig: who has the public key KEY.pub verifies the folder with the
    tool model_signing. Only a package that somebody vouches for whom you trust is exported, unless --unsigned says
    otherwise.

    Example: expert-cli export dist/expert-sql-qwen3-tiny.v1.0.0.expert --oms --key p256.pem --output exported
    """
    if [peft, merged, oms].count(True) != 1:
        raise click.UsageError("expected one of --peft, --merged and --oms")
    if oms != (key is not None):
        raise click.UsageError("expected --key with --oms, and only then")
    if oms and base_folder is not None:
        raise click.UsageError("expected --base-folder with --peft or --merged")
    reading.tell_forms(package)
    verifier = trusting.make_unless(unsigned=unsigned, pinned=trusted_key, packages=[package], allow_older=allow_older)
    contents = trusting.take(package, verifier)
    if key is not None:
        from expertkit.packages.signing.model_signing import export
        from expertkit.signing import keys

        found = export(package, contents=contents, output=output, private=keys.load_p256(key))
        emit(found.to_json(), as_json=as_json, text=found.describe())
        return
    _export_adapter(package, contents, is_merged=merged, base=base_folder, output=output, as_json=as_json)


def _export_adapter(
    package: Path, contents: Contents, *, is_merged: bool, base: Path | None, output: Path, as_json: bool
) -> None:
    if is_merged:
        from expertkit.runtime.exporting import export_merged

        merged = export_merged(package, contents=contents, output=output, base=base)
        emit(merged.to_json(), as_json=as_json, text=merged.describe())
    elif base is not None:
        from expertkit.runtime.exporting import export_for_peft

        checked = export_for_peft(package, contents=contents, output=output, base=base)
        emit(checked.to_json(), as_json=as_json, text=checked.describe())
    else:
        from expertkit.packages.exporting import export_adapter

        exported = export_adapter(package, contents=contents, output=output)
        emit(exported.to_json(), as_json=as_json, text=exported.describe())
