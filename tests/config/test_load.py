import os
import re
from pathlib import Path
from typing import get_args

import pytest

from houndmon.config.defaults import DEFAULTS, RULES
from houndmon.config.errors import ConfigError
from houndmon.config.load import load, path_of
from houndmon.notify.channels import CHANNELS
from houndmon.rulebook.book import RuleName
from houndmon.rulebook.budget import BURN_RULES
from houndmon.rulebook.levels import LevelName


def refusal(loads, text: str, **environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        loads(text, **environ)
    return str(caught.value)


def test_it_has_working_defaults() -> None:
    """Without a file every rule and service level stands, in its order, and nobody is told."""
    config = load(None, CHANNELS)
    assert config == DEFAULTS
    assert tuple(config.rules) == get_args(RuleName)
    assert tuple(config.levels) == get_args(LevelName)
    assert config.receivers == {}
    for rule in config.rules.values():
        assert rule.runbook_url == f"/runbooks/{rule.name}"
        assert rule.response_target_minutes > 0
        assert rule.recover_after_seconds == 120
        assert (rule.owner_role is None) == (rule.name in BURN_RULES)


@pytest.mark.parametrize(
    ("rule", "threshold", "hold", "sample", "respond", "severity"),
    [
        ("queue_age", 15, 60, 1, 15, "warning"),
        ("queue_stalled", None, 60, 1, 15, "critical"),
        ("queue_failure_ratio", 0.05, 0, 20, 30, "warning"),
        ("worker_heartbeat_missing", 120, 0, 1, 5, "critical"),
        ("playback_failure_ratio", 0.03, 0, 50, 10, "critical"),
        ("api_5xx_spike", 0.02, 0, 100, 10, "critical"),
        ("api_4xx_spike", 0.1, 0, 100, 30, "warning"),
        ("traffic_absent", None, 0, 20, 15, "warning"),
        ("job_stuck", None, 300, 1, 30, "warning"),
        ("queue_retrying", 60, 300, 1, 30, "warning"),
        ("playback_abandoned", 0.25, 0, 50, 10, "critical"),
        ("upload_rejection_ratio", 0.15, 0, 20, 30, "warning"),
        ("source_lagging", 60, 60, 1, 5, "critical"),
        ("slo_burn_fast", 6, 0, 1, 15, "critical"),
        ("slo_burn_slow", 2, 0, 1, 60, "warning"),
        ("slo_burn_day", 1, 0, 1, 1440, "warning"),
        ("source_unreadable", None, 60, 1, 5, "critical"),
        ("counts_differ", None, 0, 1, 60, "warning"),
    ],
)
def test_it_has_the_figures_of_the_numbers_book(rule, threshold, hold, sample, respond, severity) -> None:
    """The defaults are those that docs/numbers.md promises."""
    found = RULES[rule]
    assert (found.threshold, found.hold_seconds, found.minimum_sample) == (threshold, hold, sample)
    assert (found.response_target_minutes, found.severity) == (respond, severity)


def test_it_reads_an_empty_file_as_the_defaults(loads) -> None:
    """A file that says nothing changes nothing, a byte order mark included."""
    assert loads("") == DEFAULTS
    assert loads("\ufeff# nothing\n") == DEFAULTS


def test_it_puts_the_given_keys_over_the_defaults(loads) -> None:
    """What is not said stays as it is."""
    config = loads("""
        public_url = "https://hound.example/console/"
        heartbeat_url = "https://ping.example/abc"
        [rules.queue_age]
        threshold = 20
        for = "90s"
        recover_after = "5m"
        response_target = "1h"
        severity = "critical"
        owner_role = " media "
        runbook_url = "https://wiki.example/queue"
        [rules.api_4xx_spike]
        minimum_sample = 7
        minimum_bad = 2
        baseline_factor = 0
        [rules.slo_burn_day]
        owner_role = "everybody"
        [slos.upload_to_live]
        objective = 0.9
        window = "7d"
        limit = "30m"
        owner_role = "media"
        runbook_url = "/runbooks/queue_age"
        [slos.playback_success]
        window = "1d"
    """)
    rule, level = config.rules["queue_age"], config.levels["upload_to_live"]
    assert (rule.threshold, rule.hold_seconds, rule.recover_after_seconds) == (20, 90, 300)
    assert (rule.response_target_minutes, rule.severity, rule.owner_role) == (60, "critical", "media")
    assert rule.runbook_url == "https://wiki.example/queue"
    spike = config.rules["api_4xx_spike"]
    assert (spike.minimum_sample, spike.minimum_bad, spike.baseline_factor, spike.threshold) == (7, 2, 0, 0.1)
    assert config.rules["slo_burn_day"].owner_role == "everybody"
    assert (level.objective, level.window, level.limit_minutes) == (0.9, "7d", 30)
    assert (level.owner_role, level.runbook_url) == ("media", "/runbooks/queue_age")
    assert config.levels["playback_success"] == DEFAULTS.levels["playback_success"]
    assert config.public_url == "https://hound.example/console"
    assert config.heartbeat_url == "https://ping.example/abc"
    assert config.rules["queue_stalled"] == DEFAULTS.rules["queue_stalled"]


def test_it_has_rules_otherwise_in_one_environment(loads) -> None:
    """What an environment's table says holds there, over what the rule's own says for both; all else is the same."""
    config = loads("""
        [rules.queue_age]
        threshold = 20
        severity = "critical"
        [rules.queue_age.staging]
        threshold = 60
        for = "10m"
        [rules.playback_failure_ratio.prod]
        minimum_sample = 500
        [rules.traffic_absent.staging]
        enabled = false
    """)
    prod, staging = config.rules_in("prod"), config.rules_in("staging")
    ages = [(rules["queue_age"].threshold, rules["queue_age"].hold_seconds) for rules in (prod, staging)]
    assert ages == [(20, 60), (60, 600)]
    assert {rules["queue_age"].severity for rules in (prod, staging)} == {"critical"}
    assert [rules["playback_failure_ratio"].minimum_sample for rules in (prod, staging)] == [500, 50]
    assert [rules["traffic_absent"].enabled for rules in (prod, staging)] == [True, False]
    assert list(prod) == list(staging) == list(RULES)
    changed = {"queue_age", "playback_failure_ratio"}
    assert {name for name, rule in prod.items() if rule != RULES[name]} == changed


def test_it_knows_the_house(loads) -> None:
    """A file says what the source lacks, what the environments are called, and what Safari on iOS is."""
    config = loads("""
        [source]
        absent = ["api_requests", "tracks", "releases"]
        [environment_names]
        prod = " live "
        [ios_safari]
        platforms = [" iOS ", "ipad"]
    """)
    assert config.absent == {"api_requests", "tracks", "releases"}
    assert [config.called(name) for name in ("prod", "staging")] == ["live", "staging"]
    assert (config.ios_platforms, config.ios_browsers) == (("ios", "ipad"), DEFAULTS.ios_browsers)


REFUSALS = {
    # keys and types
    "thresholds = 1": "thresholds: there is no such key; there are public_url, heartbeat_url, source",
    "[rule.queue_age]": "rule: there is no such key; did you mean rules?",
    "[rules.queue_age]\ntreshold = 1": "rules.queue_age.treshold: there is no such key; did you mean threshold?",
    "[rules.queue_age]\nhold = '1m'": "rules.queue_age.hold: there is no such key",
    "[slos.playback_success]\ntarget = 1": "slos.playback_success.target: there is no such key",
    "rules = 5": "rules: must be a table",
    "routes = 5": "routes: must be a list in brackets",
    "rules.queue_age = 5": "rules.queue_age: must be a table",
    "[rules.queue_age]\nthreshold = '20m'": "rules.queue_age.threshold: must be a number without quotes",
    "[rules.queue_age]\nthreshold = true": "rules.queue_age.threshold: must be a number without quotes",
    f"[rules.queue_age]\nthreshold = 1{'0' * 400}": "rules.queue_age.threshold: is out of range",
    "[rules.queue_age]\nfor = 60": "rules.queue_age.for: must be text in quotes",
    "[rules.queue_age]\nseverity = 'bad'": "rules.queue_age.severity: must be one of info, warning, critical",
    "[rules.queue_failure_ratio]\nminimum_sample = 1.5": "minimum_sample: must be a whole number without quotes",
    "[rules.queue_failure_ratio]\nminimum_sample = 0": "minimum_sample: must be at least 1",
    "[rules.queue_failure_ratio]\nminimum_bad = 10000000000": "minimum_bad: must be at most 1000000000",
    # names
    "[rules.queue_ages]": "rules.queue_ages: there is no rule of this name; did you mean queue_age?",
    "[rules.x]": "rules.x: there is no rule of this name; there are queue_age, queue_stalled",
    "[slos.uptime]": "slos.uptime: there is no service level of this name; there are upload_to_live",
    "[rules.queue_age]\n[rules.queue_age]": "line 2: the name rules.queue_age is used twice: keep one of the two",
    "[rules.queue_age]\nthreshold = 1\nthreshold = 2\n": "line 3: the name threshold is used twice",
    "[rules.queue_age]\nthreshold = 1\nthreshold = 2": "line 3: the name threshold is used twice",
    "rules = {queue_age = {threshold = 1, threshold = 2}}": "line 1: the name rules is used twice",
    # what every rule must have
    "[rules.queue_age]\nowner_role = ' '": "rules.queue_age.owner_role: is blank: name the role that answers for it",
    "[rules.slo_burn_fast]\nowner_role = ''": "rules.slo_burn_fast.owner_role: is blank",
    "[slos.playback_success]\nowner_role = ''": "slos.playback_success.owner_role: is blank",
    "[rules.queue_age]\nresponse_target = ''": "rules.queue_age.response_target: is blank: say within which time",
    "[rules.queue_age]\nresponse_target = '0m'": "rules.queue_age.response_target: must be more than nothing: say",
    "[rules.queue_age]\nrunbook_url = ' '": "rules.queue_age.runbook_url: is blank: a rule needs a runbook",
    "[rules.queue_age]\nrunbook_url = 'ftp://a/b'": "rules.queue_age.runbook_url: must be an http or https address",
    "[rules.queue_age]\nrunbook_url = 'javascript:alert(1)'": "runbook_url: must be an http or https address",
    "[rules.queue_age]\nrunbook_url = 'https://'": "runbook_url: must be an http or https address",
    "[rules.queue_age]\nrunbook_url = 'https://a b/'": "runbook_url: must be an http or https address",
    "[rules.queue_age]\nrunbook_url = 'https://a:b/'": "runbook_url: must be an http or https address",
    "[rules.queue_age]\nrunbook_url = 'https://[a/'": "runbook_url: must be an http or https address",
    "[rules.queue_age]\nrunbook_url = '/runbooks/none'": "runbook_url: houndmon has no such runbook; there are",
    "[slos.playback_success]\nrunbook_url = 'x'": "slos.playback_success.runbook_url: must be an http or https",
    # figures that cannot be meant
    "[rules.queue_age]\nfor = '-1m'": "rules.queue_age.for: must not be negative",
    "[rules.queue_age]\nfor = '1 min'": "rules.queue_age.for: must be a duration: a whole number with its unit",
    "[rules.queue_age]\nrecover_after = '-2m'": "rules.queue_age.recover_after: must not be negative",
    "[rules.queue_age]\nresponse_target = '-2m'": "rules.queue_age.response_target: must not be negative",
    "[rules.queue_age]\nthreshold = 0": "rules.queue_age.threshold: must be a number above 0",
    "[rules.queue_age]\nthreshold = nan": "rules.queue_age.threshold: must be a number above 0",
    "[rules.queue_age]\nthreshold = inf": "rules.queue_age.threshold: must be a number above 0",
    "[rules.queue_failure_ratio]\nthreshold = 5": "queue_failure_ratio.threshold: must be a share between 0 and 1",
    "[rules.playback_failure_ratio]\nthreshold = 0.0": "threshold: must be a share between 0 and 1",
    "[rules.api_5xx_spike]\nthreshold = 1.0": "threshold: must be a share between 0 and 1",
    "[rules.api_4xx_spike]\nthreshold = nan": "threshold: must be a share between 0 and 1",
    "[rules.api_5xx_spike]\nbaseline_factor = -1": "baseline_factor: must be a number from 0 on",
    "[rules.api_5xx_spike]\nceiling = 0": "rules.api_5xx_spike.ceiling: must be a share above 0, as in 0.25 for 25 %",
    "[rules.api_5xx_spike]\nceiling = 25": "rules.api_5xx_spike.ceiling: must be a share above 0",
    "[rules.queue_age]\nceiling = 0.5": "rules.queue_age.ceiling: queue_age does not use it: remove it",
    "[rules.api_5xx_spike]\ndelay_minutes = -1": "rules.api_5xx_spike.delay_minutes: must be at least 0",
    "[rules.queue_stalled]\nstalled_after = '90s'": "rules.queue_stalled.stalled_after: must be whole minutes, as in",
    "[rules.queue_stalled]\nstalled_after = '0m'": "rules.queue_stalled.stalled_after: must be whole minutes",
    "[rules.job_stuck]\nstuck_after = 6": "rules.job_stuck.stuck_after: must be text in quotes",
    "[rules.job_stuck]\nstuck_after = '0s'": "rules.job_stuck.stuck_after: must be more than nothing: say how long",
    "[rules.job_stuck.prod]\nsilent_after = ' '": "rules.job_stuck.prod.silent_after: is blank: say how old the newest",
    "[rules.worker_heartbeat_missing]\nidle_is_ok = 1": "idle_is_ok: must be true or false",
    "[rules.queue_age]\nenabled = 'no'": "rules.queue_age.enabled: must be true or false",
    "[rules.queue_age.stage]\nthreshold = 1": "rules.queue_age.stage: there is no such key",
    "[rules.queue_age.staging]\ntreshold = 1": "rules.queue_age.staging.treshold: there is no such key; did you mean",
    "[rules.queue_age.staging]\nceiling = 1": "rules.queue_age.staging.ceiling: queue_age does not use it: remove it",
    "[rules.queue_age]\nstaging = 5": "rules.queue_age.staging: must be a table",
    "[rules.slo_burn_day.prod]\nthreshold = 100": "rules.slo_burn_day.prod.threshold: 100 can never be reached",
    "[source]\nabsent = 'tracks'": "source.absent: must be a list in brackets",
    "[source]\nabsent = ['tracks', 'plays']": "source.absent.plays: there is no relation of this name; there are",
    "[source]\nabsent = ['api_request']": "absent.api_request: there is no relation of this name; did you mean",
    "[source]\nabsent = [1]": "source.absent: must be text in quotes",
    "[source]\nmissing = []": "source.missing: there is no such key; there are absent",
    "[environment_names]\nprod = ' '": "environment_names.prod: must be a name of 1 to 40 characters on one line",
    '[environment_names]\nstaging = "a\\nb"': "environment_names.staging: must be a name of 1 to 40 characters",
    "[environment_names]\nprod = 'staging'": "environment_names: calls both environments the same",
    "[environment_names]\nqa = 'x'": "environment_names.qa: there is no such key; there are prod, staging",
    "[links]\nlogs = 'logs.example'": "links.logs: must be an http or https address, as in https://logs.example/",
    "[links]\nlogs = 'javascript://x/{service}'": "links.logs: must be an http or https address",
    "[links]\ntraces = 'https://x.example/{trace}'": "links.traces: {trace} is no place; there are service, subject",
    "[links]\nlogs = 'https://x.example/{service'": "links.logs: has a brace without its other half",
    "[links]\nlogs = 'https://x.example/{{service}}'": "links.logs: has a brace without its other half",
    "[links]\nlogs = 'https://{service}.example/'": "links.logs: must name its host and port without places",
    "[links]\nlogs = 'https://a:b@x.example/'": "links.logs: must name its host and port without places, user",
    "[links]\nlogs = 5": "links.logs: must be text in quotes",
    "[links]\nbugs = 'https://x.example/'": "links.bugs: there is no such key; there are logs, traces",
    "[ios_safari]\nplatforms = []": "ios_safari.platforms: must hold names, and no blank one",
    "[ios_safari]\nbrowsers = [' ']": "ios_safari.browsers: must hold names, and no blank one",
    "[slos.playback_success]\nobjective = 1": "objective: must be a share between 0 and 1, as in 0.99; at 1",
    "[slos.playback_success]\nobjective = 0": "objective: must be a share between 0 and 1",
    "[slos.playback_success]\nobjective = 99": "objective: must be a share between 0 and 1",
    "[slos.playback_success]\nwindow = '2h'": "window: must be one of 1h, 6h, 24h, 7d",
    "[slos.playback_success]\nlimit = '2m'": "limit: playback_success does not use it: remove it",
    "[slos.upload_to_live]\nlimit = '0m'": "limit: must be more than nothing: say within which time a track",
    "[slos.upload_to_live]\nlimit = '24h'": "slos.upload_to_live.limit: must be shorter than the window of 24h",
    "[rules.queue_stalled]\nthreshold = 5": "rules.queue_stalled.threshold: queue_stalled does not use it: remove it",
    "[rules.queue_age]\nminimum_bad = 5": "rules.queue_age.minimum_bad: queue_age does not use it: remove it",
    "public_url = 'hound.example'": "public_url: must be an http or https address without query",
    "public_url = 'https://u:p@hound.example'": "public_url: must be an http or https address without query",
    "public_url = ''": "public_url: must be an http or https address",
    "heartbeat_url = 'ping'": "heartbeat_url: must be an http or https address, or blank for none",
    # not TOML
    "a = ": "line 1: is not TOML: Invalid value",
    "[rules\n": "line 1: is not TOML: Expected ']'",
    "a = " + "[" * 20000: "is nested too deeply",
    f"a = 1{'0' * 5000}": "line 1: is not TOML",
}


@pytest.mark.parametrize("text", REFUSALS, ids=lambda text: re.sub(r"\s+", " ", text)[:60])
def test_it_refuses(loads, text: str) -> None:
    """A file that cannot be meant is refused with the file, the key and what to do."""
    said = refusal(loads, text)
    assert said.startswith("houndmon.toml: ")
    assert REFUSALS[text] in said


def test_it_refuses_a_burn_threshold_that_nothing_reaches(loads) -> None:
    """Even a total failure burns no faster than 1 / (1 - objective); the sentence names both."""
    said = refusal(loads, "[slos.upload_to_live]\nobjective = 0.75\n[rules.slo_burn_fast]\nthreshold = 4")
    assert said == (
        "houndmon.toml: rules.slo_burn_fast.threshold: 4 can never be reached: a total failure of "
        "slos.upload_to_live, whose objective is 0.75, burns at 4 at most; lower the threshold, or raise the objective"
    )
    assert loads("[slos.upload_to_live]\nobjective = 0.75\n[rules.slo_burn_fast]\nthreshold = 3.9")


def test_it_refuses_an_objective_that_the_default_thresholds_never_reach(loads) -> None:
    """The objective alone may make a threshold unreachable."""
    said = refusal(loads, "[slos.heartbeat_freshness]\nobjective = 0.5")
    assert "rules.slo_burn_fast.threshold: 6 can never be reached" in said
    assert "slos.heartbeat_freshness" in said


def test_it_says_that_a_file_cannot_be_read(tmp_path: Path) -> None:
    """A file that is named must be there, and be text."""
    with pytest.raises(ConfigError, match=r"none\.toml: cannot be read: No such file or directory"):
        load(tmp_path / "none.toml", CHANNELS)
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path, CHANNELS)
    (tmp_path / "latin.toml").write_bytes("a = 'ü'".encode("latin-1"))
    with pytest.raises(ConfigError, match="is not UTF-8 text: save it as UTF-8"):
        load(tmp_path / "latin.toml", CHANNELS)


def test_it_finds_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """HOUNDMON_CONFIG comes first, then houndmon.toml in the working directory, then none."""
    monkeypatch.chdir(tmp_path)
    assert path_of({}) is None
    Path("houndmon.toml").touch()
    assert path_of({}) == Path("houndmon.toml")
    assert path_of({"HOUNDMON_CONFIG": ""}) == Path("houndmon.toml")
    assert path_of({"HOUNDMON_CONFIG": "/etc/other.toml"}) == Path("/etc/other.toml")
    assert path_of({"HOUNDMON_CONFIG": "~/other.toml"}) == Path(os.path.expanduser("~/other.toml"))  # noqa: PTH111
