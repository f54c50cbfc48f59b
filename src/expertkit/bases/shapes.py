"""The linear layers of a base model, read from the headers of its weights; no number of it is loaded."""

from __future__ import annotations

from pathlib import Path

from expertkit.errors import CompatibilityError

_WEIGHT = ".weight"


def linear_shapes(folder: Path) -> dict[str, tuple[int, int]]:
    """Module path to (out_features, in_features), for every matrix of a base model.

    Raises:
        CompatibilityError: a file is no safetensors file.
    """
    from safetensors import SafetensorError, safe_open

    shapes: dict[str, tuple[int, int]] = {}
    for path in sorted(folder.glob("*.safetensors")):
        try:
            with safe_open(path, framework="numpy") as file:
                names = [name for name in file.keys() if name.endswith(_WEIGHT)]  # noqa: SIM118  # it is no mapping
                found = {name: file.get_slice(name).get_shape() for name in names}
        except SafetensorError as error:
            raise CompatibilityError(f"base model, {path}: expected a safetensors file, got {error}") from error
        shapes |= {name.removesuffix(_WEIGHT): (shape[0], shape[1]) for name, shape in found.items() if len(shape) == 2}
    return shapes
