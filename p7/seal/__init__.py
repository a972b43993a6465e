"""The seal on the package manager: what a transaction may bring, and what it may not."""
