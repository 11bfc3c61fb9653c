"""Service levels as arithmetic: objective, error budget, burn rate. Knows no database and no panel."""
