"""pacman.conf: what it says, what the seal wants of it, and a change of its text that can be taken back."""
