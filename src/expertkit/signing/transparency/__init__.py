"""What a publisher's log of signatures says, and what proves it: values in, verdict out. Knows no files.

The log is the Merkle tree of RFC 9162 over one entry for each signature, its state a checkpoint, and a proof says
that an entry was in it at a time (docs/transparency.md).
"""

from expertkit.signing.transparency.checkpoint import Checkpoint
from expertkit.signing.transparency.entry import Entry
from expertkit.signing.transparency.note import NoteKey
from expertkit.signing.transparency.proof import Proof

__all__ = ["Checkpoint", "Entry", "NoteKey", "Proof"]
