#!/usr/bin/env python3
"""Runs the project's chores from a plain checkout: needs Python and nothing else.

The first run makes a virtual environment in .venv and installs the locked packages by hash.
"""

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 -- before anything that an older Python cannot read
    sys.exit("houndmon needs Python 3.11 or newer: run it with one, as in `python3.12 dev.py ...`.")

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed-lock"
RUN, DEV = ROOT / "requirements.lock", ROOT / "requirements-dev.lock"
UV = "uv>=0.9"  # only `lock` needs it
PIP_AUDIT = "pip-audit>=2.10"  # only `audit` needs it
COMPILE = "pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet"
LAUNCHER = """#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
import sys
from houndmon.__main__ import main
sys.exit(main())
"""


def bootstrap(lock: Path) -> None:
    """Make .venv and install the lock, where that has not been done."""
    home, _, installed = STAMP.read_text().partition("\n") if STAMP.exists() else ("", "", "")
    if home != str(ROOT) or not PYTHON.exists():  # its scripts know the place they were made in
        create_venv()
        installed = ""
    if installed not in (digest(DEV), digest(lock)):  # the development lock holds all of the other
        install(lock)
    link()


def digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def create_venv() -> None:
    if importlib.util.find_spec("ensurepip") is None:
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        sys.exit(f"This Python has no ensurepip: install the system package {package} (Debian), then try again.")
    say(f"making {VENV.name} with Python {sys.version.split()[0]}")
    shutil.rmtree(VENV, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", VENV], check=True)


def install(lock: Path) -> None:
    say(f"installing {lock.name} (once; about 15 s)")
    STAMP.unlink(missing_ok=True)
    command = [PYTHON, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    started = time.monotonic()
    done = subprocess.run(
        [*command, "--require-hashes", "--no-deps", "-r", lock],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{done.stdout}\nThe packages could not be installed: see above, then try again.")
    STAMP.write_text(f"{ROOT}\n{digest(lock)}")
    say(f"installed in {time.monotonic() - started:.0f} s")


def link() -> None:
    """Let .venv run the code in src: no build, so no build back-end to fetch."""
    site = next((VENV / "lib").glob("python3.*")) / "site-packages"
    keep(site / "houndmon.pth", f"{ROOT / 'src'}\n")
    launcher = VENV / "bin" / "houndmon"
    keep(launcher, LAUNCHER.format(python=PYTHON))
    launcher.chmod(0o755)


def keep(file: Path, text: str) -> None:
    if not file.exists() or file.read_text() != text:
        file.write_text(text)


def say(text: str) -> None:
    print(f"dev.py: {text}", file=sys.stderr, flush=True)


def run(*words: str | Path, **extra: str) -> None:
    """Run one step from the root; end with its status if it fails."""
    shown = [str(word) for word in words]
    say(" ".join(Path(shown[0]).name if n == 0 else word for n, word in enumerate(shown)))
    status = subprocess.run(shown, cwd=ROOT, env=os.environ | extra, check=False).returncode
    if status:
        sys.exit(status)


def tool(name: str) -> Path:
    return VENV / "bin" / name


def demo(arguments: list[str]) -> None:
    """Start the console on an invented music platform; needs nothing else."""
    bootstrap(RUN)
    os.execv(PYTHON, [str(PYTHON), "-m", "houndmon", "demo", *arguments])  # so that Ctrl-C reaches it alone


def lint(arguments: list[str]) -> None:
    """Check style, formatting, types and import directions."""
    bootstrap(DEV)
    run(tool("ruff"), "check", *arguments)
    run(tool("ruff"), "format", "--check", "--quiet")
    run(tool("mypy"))
    run(tool("lint-imports"), "--no-logo", "--no-cache")


def test(arguments: list[str]) -> None:
    """Lint, then run the tests but the long ones; arguments go to pytest, and with a path nothing is left out."""
    lint([])
    names_path = any(not word.startswith("-") for word in arguments)
    pytest([*([] if names_path else ["-m", "not long"]), *arguments])


def test_long(arguments: list[str]) -> None:
    """Run the long tests: the browser's, whole processes, a week of counts; half an hour on 2 cores."""
    bootstrap(DEV)
    pytest(["-m", "long", *arguments])


def torture(arguments: list[str]) -> None:
    """Run all tests, with far more kills and requests: an hour, not minutes."""
    bootstrap(DEV)
    pytest(arguments, HOUNDMON_TORTURE="1")


def pytest(arguments: list[str], **extra: str) -> None:
    """Run tests in two processes, unless the arguments say otherwise; the slowest are named at the end."""
    processes = [] if {"-n", "-n0"} & set(arguments) else ["-n", "2"]
    run(tool("pytest"), *processes, "--durations=15", "--durations-min=5", *arguments, **extra)


def audit(arguments: list[str]) -> None:
    """Ask the advisory databases about every locked package; needs the network, and skips nothing."""
    with tempfile.TemporaryDirectory() as folder:
        found = shutil.which("pip-audit")
        if not found:
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            subprocess.run([f"{folder}/bin/pip", "install", "--quiet", PIP_AUDIT], check=True)
            found = f"{folder}/bin/pip-audit"
        for lock_file in (RUN, DEV):
            run(found, "--strict", "--require-hashes", "--disable-pip", "-r", lock_file.name, *arguments)


def openapi(arguments: list[str]) -> None:
    """Write openapi/houndmon.json anew."""
    bootstrap(RUN)
    run(PYTHON, "-m", "houndmon", "openapi", "--output", "openapi/houndmon.json", *arguments)


def bench(arguments: list[str]) -> None:
    """Measure the console under load; N in the environment is the number of plays."""
    bootstrap(RUN)
    os.chdir(ROOT)
    os.execv(PYTHON, [str(PYTHON), "-m", "bench", *arguments])  # so that Ctrl-C reaches it alone


def bench_page(arguments: list[str]) -> None:
    """Measure the page in a browser, beside a demo; writes docs/performance-page.md."""
    bootstrap(DEV)
    run(PYTHON, "-m", "browser.bench_page", *arguments, PYTHONPATH=os.pathsep.join(("src", "tests")))


def screenshots(arguments: list[str]) -> None:
    """Draw docs/screenshots anew, and every other state into its folder `states`; arguments name scenes."""
    bootstrap(DEV)
    run(PYTHON, "-m", "browser.screenshots", *arguments, PYTHONPATH=os.pathsep.join(("src", "tests")))


def lock(arguments: list[str]) -> None:
    """Write both lock files anew; `--upgrade` takes newer versions."""
    uv = shutil.which("uv")
    with tempfile.TemporaryDirectory() as folder:
        if not uv:
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            subprocess.run([f"{folder}/bin/pip", "install", "--quiet", UV], check=True)
            uv = f"{folder}/bin/uv"
        compile_ = [uv, *COMPILE.split(), *arguments, "--all-extras", "pyproject.toml"]
        run(*compile_, "--output-file", RUN.name)
        run(*compile_, "--group", "dev", "--constraint", RUN.name, "--output-file", DEV.name)


def postgres(arguments: list[str]) -> None:
    """Run a command beside a temporary PostgreSQL: `{dsn}` in it, and HOUNDMON_TEST_DSN, lead there."""
    enter_venv()
    from houndmon.core import embedded

    command = arguments[1:] if arguments[:1] == ["--"] else arguments
    with embedded.temporary() as cluster:
        dsn = cluster.dsn("postgres")
        run(*(word.replace("{dsn}", dsn) for word in command), HOUNDMON_TEST_DSN=dsn)


def acceptance(arguments: list[str]) -> None:
    """Hold a running houndmon against an acceptance checker, once for each seed."""
    parser = argparse.ArgumentParser(prog="dev.py acceptance", epilog="Other options go to the checker.")
    parser.add_argument("--checker", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    options, rest = parser.parse_known_args(arguments)
    enter_venv()
    from houndmon.core import embedded

    houndmon, failed = tool("houndmon"), False
    served = ["--serve", f"{houndmon} serve", "--migrate", f"{houndmon} migrate"]
    with embedded.temporary() as cluster:
        for seed in options.seeds:
            say(f"acceptance, seed {seed}")
            words = [*served, "--dsn", cluster.dsn("postgres"), "--seed", str(seed), *rest]
            failed |= subprocess.run([PYTHON, options.checker, *words], check=False).returncode != 0
    sys.exit(failed)


def enter_venv() -> None:
    """Go on as the Python of .venv, which can import houndmon."""
    bootstrap(RUN)
    if Path(sys.prefix) != VENV:
        os.execv(PYTHON, [str(PYTHON), __file__, *sys.argv[1:]])


CHORES = (
    demo,
    test,
    test_long,
    lint,
    torture,
    audit,
    openapi,
    bench,
    bench_page,
    screenshots,
    lock,
    postgres,
    acceptance,
)


def main() -> None:
    chores = {chore.__name__.replace("_", "-"): chore for chore in CHORES}
    listing = "\n".join(f"  {name:12}{(chore.__doc__ or '').splitlines()[0]}" for name, chore in chores.items())
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=f"chores:\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("chore", choices=chores, metavar="CHORE")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="handed to the chore")
    options = parser.parse_args()
    chores[options.chore](options.arguments)


if __name__ == "__main__":
    main()
