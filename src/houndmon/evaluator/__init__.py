"""The watcher: each tick it reads the panels' figures, judges the rules and runs the life of each alert."""
