"""One module, or package, for each applet; p7.dispatch knows their names."""
