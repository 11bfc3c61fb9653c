"""The rulebook: all that is said of a rule or a service level, once, for whoever asks.

    rulebook/<family>.py      a spec a rule: what it is called, how its values are written, where its cause shows,
          |                   what the file may set, the defaults, the parts of the figures that it is judged on
          v
    book.py: BOOK, RuleName --> config: the file's keys over the defaults --> a Rule, by name and environment
          |                                                                     |
          |                             figures of those parts --> evaluator/rules/<family>.py: the judge, pure
          |                                                                     |
          |                                               finding --> step --> alert, transition, outbox
          v                                                                     v
    title, unit, panel, stage, area, meaning -----------------> page, summary, feed, notification, runbook, routes

A rule is a spec here, a judge of the same name in `evaluator/rules/`, a runbook, a table in houndmon.example.toml and a
line in docs/numbers.md. The specs need nothing but the clock. What has no spec, or half a spec, does not import; a name
that the book does not hold raises: nobody guesses a unit, an area or a panel.
"""
