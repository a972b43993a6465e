"""What a library offers and what a program needs of it, by symbol and version."""
