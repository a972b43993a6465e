"""The built artifact's applets, one or a few together, in namespaces: no OpenRC yet."""
