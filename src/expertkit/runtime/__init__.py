"""Base models and experts in use: loaded, asked, answering."""
