"""login1 on a private bus: the built bridge, asked by real clients."""
