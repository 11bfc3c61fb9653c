"""The panels: one folder each, each with its SQL, its arithmetic, its routes and its fragment."""
