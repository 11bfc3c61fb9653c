"""The rooms: one folder a panel, each with its SQL, its arithmetic, its routes and its fragment."""
