#!/usr/bin/env bash
# pytest-timeout: a test that has failed may take as long as it likes.
#
# The guess: `--timeout=3` limits set-up, test and teardown together, so a run of the suite has an upper bound: the
#   number of tests times three seconds. That the teardown counts is what the documentation says, and a passing
#   test shows it: its slow teardown is ended after three seconds.
# What happens: the clock is stopped for good as soon as the test fails, so that a debugger can be used in peace.
#   The very same teardown, after a failed assertion, runs its twelve seconds to the end, and nothing is said of
#   a timeout. A teardown that waits for something that the failure made impossible waits for ever.
# Why it matters: failure is when teardowns hang: the worker that should drain was never told to stop, the
#   connection is stuck in the transaction of the assertion. CI then burns its whole time limit on a test that
#   has already failed, and is ended from outside without a word on which. Limit what a fixture waits for in the
#   fixture, or set a limit of your own around the whole protocol.
#
# Seen with pytest-timeout 2.4.0, pytest 9.2.0, by both of its methods, on 2026-11-29.
# See https://github.com/pytest-dev/pytest-timeout
set -euo pipefail

room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT

"${PYTHON:-python3}" -m venv "$room/venv"
"$room/venv/bin/pip" install -qq pytest==9.2.0 pytest-timeout==2.4.0
cd "$room"

cat >test_teardown.py <<'PY'
import time

import pytest


@pytest.fixture
def worker():
    yield
    time.sleep(12)
    print("teardown ran to its end")


def test_passing(worker):
    pass


def test_failing(worker):
    assert False
PY

# run METHOD TEST: one test under a limit of three seconds; its output goes to METHOD.TEST.
run() {
  venv/bin/python -m pytest -p no:cacheprovider -rA --timeout=3 --timeout-method="$1" \
    "test_teardown.py::test_$2" >"$1.$2" 2>&1 || true
}

for method in signal thread; do
  run "$method" passing
  run "$method" failing
  for test in passing failing; do
    echo "$method, $test: $(grep -ciE 'timeout.*>3|\+ Timeout \+' "$method.$test" || true) words of a timeout," \
      "teardown ended $(grep -c '^teardown ran to its end' "$method.$test" || true) times;" \
      "$(tail -n 1 "$method.$test")"
  done
  if grep -q '^teardown ran to its end' "$method.passing" || ! grep -qE 'Timeout' "$method.passing"; then
    echo "CHANGED: after a passing test the teardown is not limited" >&2
    exit 1
  fi
  if ! grep -q '^teardown ran to its end' "$method.failing" || grep -qE 'Timeout (\+|\(>)' "$method.failing"; then
    echo "CHANGED: after a failing test the teardown is limited" >&2
    exit 1
  fi
done

echo "guess:     the limit covers the teardown"
echo "behaviour: that of a passing test; a failed one has no limit any more"
echo "as found with pytest-timeout 2.4.0 and pytest 9.2.0 on 2026-11-29"
