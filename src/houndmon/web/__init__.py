"""The page, the summary, health and errors: what joins the panels."""
