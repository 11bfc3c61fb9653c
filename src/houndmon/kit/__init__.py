"""The floor: what every room stands on. It knows no panel, no rule and no page."""
