"""The file of an OSD adapter, as docs/osd.md specifies it in sections 2 to 5: every byte is made and read here."""
