"""The channel `apprise`: Slack, e-mail, PagerDuty, Teams and a hundred more, through Apprise."""
