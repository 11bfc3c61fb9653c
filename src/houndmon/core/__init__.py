"""The core: what everything stands on. It knows no panel, no rule and no page."""
