#!/usr/bin/env bash
# One iPhone, three ways to listen: user-agent parsers see two versions of iOS.
#
# The guess: since Safari 26 the system's version in the user agent stands still at 18.x, which is old news. So
#   current parsers either all say 18 for such a phone or have all learnt to say 26, and whichever it is, one
#   phone gets one version.
# What happens: what is frozen depends on what plays. Safari, and a web view inside an app that adds no words of its
#   own, say 18; the system's player on the same phone (AppleCoreMedia, which fetches audio for them) says 26.
#   ua-parser and bowser take the words as they are. device_detector and ua-parser-js correct Safari by its own
#   version, but a web view names no version of Safari, so there even they say 18. No parser gives one answer for
#   the phone, and the two that correct disagree with the two that do not about Safari alone.
# Why it matters: a table of failures by version of iOS shows a "problem of 18" that is a problem of the web
#   player, and a share of "old phones" that is the share of in-app browsers. After an upgrade of the parser, or
#   between the page's script and the server's log, the same traffic changes its version. Compare versions within
#   one kind of client only.
#
# Seen with ua-parser 1.0.2 (rules of 202610), device_detector 6.5.1, ua-parser-js 2.0.10, bowser 2.15.0, on 2026-11-29.
# Needs Node.js 20 or newer with npm. See https://webkit.org/blog/17333/webkit-features-in-safari-26-0/ for the freeze,
# and https://github.com/faisalman/ua-parser-js/issues/818 for how a parser came to correct it.
set -euo pipefail

room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT

"${PYTHON:-python3}" -m venv "$room/venv"
"$room/venv/bin/pip" install -qq ua-parser==1.0.2 ua-parser-builtins==202610 device_detector==6.5.1
npm install --silent --no-audit --no-fund --prefix "$room" ua-parser-js@2.0.10 bowser@2.15.0 >"$room/npm.log"

cat >"$room/parse.cjs" <<'JS'
// Prints what two parsers take a user agent's system version for.
const { UAParser } = require('ua-parser-js')
const Bowser = require('bowser')
console.log(UAParser(process.argv[2]).os.version, Bowser.parse(process.argv[2]).os.version)
JS

cat >"$room/phone.py" <<'PY'
"""Ask four parsers for the version of iOS, for each way in which one phone on iOS 26 plays music."""
import subprocess
import sys

from device_detector import DeviceDetector
from ua_parser import parse_os

SYSTEM = "Mozilla/5.0 (iPhone; CPU iPhone OS {} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
WAYS = {
    "Safari": f"{SYSTEM.format('18_6')} Version/26.0 Mobile/15E148 Safari/604.1",
    "web view in an app": f"{SYSTEM.format('18_6')} Mobile/15E148",
    "the system's player": "AppleCoreMedia/1.0.0.23A341 (iPhone; U; CPU OS 26_0 like Mac OS X; en_us)",
}


def versions(agent):
    seen = parse_os(agent)
    scripts = subprocess.run(["node", sys.argv[1], agent], capture_output=True, text=True, check=True).stdout.split()
    pythons = [f"{seen.major}.{seen.minor}", DeviceDetector(agent).parse().os_version()]
    return dict(zip(("ua-parser", "device_detector", "ua-parser-js", "bowser"), pythons + scripts, strict=True))


seen = {way: versions(agent) for way, agent in WAYS.items()}
for way, answers in seen.items():
    print(f"{way:20}", answers)

plain, corrected = ("ua-parser", "bowser"), ("device_detector", "ua-parser-js")
assert {seen["Safari"][parser] for parser in plain} == {"18.6"}
assert {seen["Safari"][parser] for parser in corrected} == {"26.0"}
assert set(seen["web view in an app"].values()) == {"18.6"}
assert set(seen["the system's player"].values()) == {"26.0"}
PY
"$room/venv/bin/python" "$room/phone.py" "$room/parse.cjs"

echo "guess:     one phone has one version of iOS in the eyes of a parser"
echo "behaviour: 18.6 in a web view and 26.0 in the player, for all four; Safari is either"
echo "as found with ua-parser 1.0.2, device_detector 6.5.1, ua-parser-js 2.0.10, bowser 2.15.0 on 2026-11-29"
