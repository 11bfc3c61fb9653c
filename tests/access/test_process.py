"""houndmon as a process of its own: when it refuses to start, what it logs, what a socket may do to it."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import httpx
import pytest

from factories import present

pytestmark = pytest.mark.long

START_SECONDS = 60
CANARY = "canary-7f3a91"


@dataclass
class Running:
    """A service that runs, and what it has written."""

    process: subprocess.Popen[bytes]
    port: int
    folder: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def said(self) -> tuple[str, str]:
        """What it wrote to stdout and to stderr."""
        return (self.folder / "out").read_text(), (self.folder / "err").read_text()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def environment(folder: Path, **given: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOUNDMON_")}
    return kept | {"HOUNDMON_DATA_DIR": str(folder / "data"), "HOUNDMON_PORT": str(free_port()), **given}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@contextlib.contextmanager
def serving(folder: Path, **given: str) -> Iterator[Running]:
    """A service as a process; it has ended when the block ends."""
    said = environment(folder, **given)
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        command = [sys.executable, "-m", "houndmon", "serve"]
        process = subprocess.Popen(command, env=said, stdout=out, stderr=err, stdin=subprocess.DEVNULL, cwd=folder)
        running = Running(process, int(said["HOUNDMON_PORT"]), folder)
        try:
            deadline = time.monotonic() + START_SECONDS
            while not answers(running) and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.1)
            assert process.poll() is None, running.said()
            yield running
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def answers(running: Running) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"{running.url}/healthz", trust_env=False).status_code == 200
    return False


def with_password(dsn: str, password: str) -> str:
    """The same database, by somebody with a password (which the tests' PostgreSQL does not ask for)."""
    parts = urlsplit(dsn)
    user, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0] or 'houndmon'}:{password}@{host}"))


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_it_refuses_to_start_off_loopback_without_tokens(database, tmp_path, host):
    """The process ends with 1 and says what to do; it never listens, and prints no token."""
    said = environment(tmp_path, HOUNDMON_DATABASE_URL=database, HOUNDMON_HOST=host)
    command = [sys.executable, "-m", "houndmon", "serve"]
    done = subprocess.run(command, env=said, capture_output=True, timeout=START_SECONDS, cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert b"houndmon token create" in done.stderr
    assert b"hm_" not in done.stdout + done.stderr
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", int(said["HOUNDMON_PORT"])), timeout=1)


def test_it_refuses_to_run_open_off_loopback(database, tmp_path):
    """HOUNDMON_AUTH=off is no way around it."""
    said = environment(tmp_path, HOUNDMON_DATABASE_URL=database, HOUNDMON_HOST="0.0.0.0", HOUNDMON_AUTH="off")
    command = [sys.executable, "-m", "houndmon", "serve"]
    done = subprocess.run(command, env=said, capture_output=True, timeout=START_SECONDS, cwd=tmp_path, check=False)
    assert (done.returncode, b"loopback only" in done.stderr) == (1, True)


def test_it_answers_head_on_a_connection_that_goes_on(database, tmp_path):
    """Over one connection a HEAD has the length of the GET after it, and no body that would spoil it."""
    with serving(tmp_path, HOUNDMON_DATABASE_URL=database, HOUNDMON_AUTH="off") as running:
        client = http.client.HTTPConnection("127.0.0.1", running.port, timeout=START_SECONDS)
        with contextlib.closing(client):
            for path in ("/healthz", "/static/houndmon.css", "/api/openapi.json"):
                found = []
                for method in ("HEAD", "GET"):
                    client.request(method, path)
                    answer = client.getresponse()
                    found.append((answer.status, answer.headers["content-length"], len(answer.read())))
                (status, length, size), got = found
                assert (status, size) == (200, 0)
                assert got == (200, length, int(length))


def canaries(database: str, folder: Path) -> dict[str, str]:
    """An environment that holds a secret in every place where one can be."""
    (folder / "houndmon.toml").write_text(
        f'heartbeat_url = "http://127.0.0.1:9/{CANARY}-heartbeat"\n'
        '[receivers.ops]\nkind = "webhook"\nurl_env = "HOOK"\nsecret_env = "HOOK_SECRET"\n'
        '[receivers.chat]\nkind = "apprise"\nurl_env = "CHAT"\n'
        '[[routes]]\nreceivers = ["ops", "chat"]\n'
    )
    return {
        "HOUNDMON_DATABASE_URL": with_password(database, f"{CANARY}-state"),
        "HOUNDMON_SOURCE_URL": f"postgresql://reader:{CANARY}-source@127.0.0.1:9/hound",
        "HOUNDMON_CONFIG": str(folder / "houndmon.toml"),
        "HOOK": f"http://{CANARY}-user:{CANARY}-pass@127.0.0.1:9/{CANARY}-path?{CANARY}-query",
        "HOOK_SECRET": f"{CANARY}-hmac",
        "CHAT": f"json://{CANARY}-name:{CANARY}-word@127.0.0.1:9/{CANARY}",
        "HOUNDMON_OIDC_ISSUER": "http://127.0.0.1:9",
        "HOUNDMON_OIDC_CLIENT_ID": "houndmon",
        "HOUNDMON_OIDC_CLIENT_SECRET": f"{CANARY}-oidc",
        "HOUNDMON_ROLES": "viewer=staff",
        "HOUNDMON_TRUSTED_PROXIES": "127.0.0.1",
        "HOUNDMON_PROXY_USER_HEADER": "Remote-User",
        "HOUNDMON_PROXY_SECRET": f"{CANARY}-proxy-0123456789abcdef0123456789",
    }


def test_it_tells_no_secret_whatever_fails(database, tmp_path):
    """Secrets in the environment, in headers, cookies, bodies and addresses reach no log, no answer, no audit line."""
    with serving(tmp_path, **canaries(database, tmp_path)) as running:
        token = present(re.search(r"hm_admin_\w+", running.said()[0]))[0]
        bearer = {"Authorization": f"Bearer {token}"}
        texts = ask_everything(running, bearer)
        audit = httpx.get(f"{running.url}/api/audit.jsonl", headers=bearer, trust_env=False).text
        assert running.stop() == 0
        out, err = running.said()
        assert CANARY not in out + err
        assert token not in err + audit
        assert CANARY not in "".join(texts)
        assert CANARY not in audit.replace(f"{CANARY}-reason", "")
        assert audit.count(f"{CANARY}-reason") >= 1  # what people write for others to read is kept
        events = [json.loads(line) for line in err.splitlines() if not line.startswith("houndmon ")]
        assert any(one.get("request_id") == "asked-by-us-1" for one in events)
        assert {"event", "level", "timestamp"} <= set.intersection(*(set(one) for one in events))


def ask_everything(running: Running, bearer: dict[str, str]) -> list[str]:
    """Requests that carry secrets, and those that make things fail; what was answered."""
    secret = f"hm_admin_0123456789ab_{CANARY}"
    with httpx.Client(base_url=running.url, trust_env=False, timeout=30) as client:
        answers = [
            client.get("/api/alerts", headers={"Authorization": f"Bearer {secret}"}),
            client.get("/api/alerts", headers={"Authorization": f"Basic {CANARY}"}),
            client.get("/api/alerts", headers={"Cookie": f"houndmon={CANARY}; __Host-houndmon={CANARY}"}),
            client.get("/login/oidc"),
            client.get(
                f"/login/oidc/callback?code={CANARY}&state={CANARY}", headers={"Cookie": f"houndmon-away={CANARY}"}
            ),
            client.post("/login", data={"token": secret}),
            client.post("/login/proxy", headers={"X-Houndmon-Proxy-Secret": CANARY, "Remote-User": "mira"}),
            client.post("/api/incidents", headers=bearer, content=f'{{"password": "{CANARY}"'),
            client.post("/api/tokens", headers=bearer, json={"name": "bot", "role": "summary", "token": CANARY}),
            client.get("/api/panels/ingest", headers=bearer | {"X-Request-Id": "asked-by-us-1"}),
            client.get("/readyz", headers=bearer),
            client.get("/metrics", headers=bearer),
            client.post("/api/receivers/ops/test", headers=bearer),
            client.post("/api/receivers/chat/test", headers=bearer),
            client.post("/api/silences", headers=bearer, json={"hours": 1, "reason": f"{CANARY}-reason, long enough"}),
        ]
        silence = {"reason": f"{CANARY}-reason, long enough", "ends_at": "2026-01-01T00:00:00Z", "token": CANARY}
        client.post("/api/silences", headers=bearer, json=silence)
        event = {"service_area": "playback", "severity": "info", "impact": f"{CANARY}-reason", "environment": "prod"}
        assert client.post("/api/incidents", headers=bearer, json=event).status_code == 201
        shown = answers[9]
    assert (shown.status_code, shown.headers["x-request-id"]) == (503, "asked-by-us-1")
    assert shown.json()["request_id"] == "asked-by-us-1"
    assert answers[3].status_code == 503
    return [answer.text.replace(f"{CANARY}-reason", "") for answer in answers] + [str(a.headers) for a in answers]


@pytest.mark.parametrize(
    "password", ["can/ary-7f3a91", "can#ary-7f3a91", "can?ary-7f3a91", "can[ary-7f3a91", "can ary:x"]
)
def test_it_quotes_no_part_of_a_password_that_breaks_an_address(tmp_path, password):
    """A password that was not percent-encoded tears the address apart; no piece of it is printed."""
    url = f"postgresql://houndmon:{password}@127.0.0.1:9/houndmon"
    for command in ("migrate", "check"):
        done = subprocess.run(
            [sys.executable, "-m", "houndmon", command],
            env=environment(tmp_path, HOUNDMON_DATABASE_URL=url),
            capture_output=True,
            timeout=START_SECONDS,
            cwd=tmp_path,
            check=False,
        )
        said = (done.stdout + done.stderr).decode()
        pieces = [piece for piece in re.split(r"[/#?\[ :]", password) if len(piece) > 2]
        assert [piece for piece in pieces if re.search(rf"\b{piece}\b", said)] == [], said


RAW = {
    b"GET / HTTP/1.1\r\n\r\n": (400, 421),  # no Host
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n": (400, 421),
    b"GET /nowhere HTTP/1.1\r\nHost: localhost:99999\r\n\r\n": (404, 421),
    b"GET /login HTTP/1.1\r\nHost: localhost:x\r\n\r\n": (421,),
    b"GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n": (421,),
    b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n": (
        400,
    ),
    b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab": (400,),
    b"POST /login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n": (400,),
    b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n": (400,),
    b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n": (400,),
    b"GET /api/alerts HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \xff\xfe\r\n\r\n": (401,),
    b"TRACE / HTTP/1.1\r\nHost: localhost\r\nX-Canary: 1\r\n\r\n": (400, 401, 403, 405),
    b"CONNECT example.test:80 HTTP/1.1\r\nHost: localhost\r\n\r\n": (400, 401, 403, 404, 405, 421),
    b"GET http://evil.test/ HTTP/1.1\r\nHost: localhost\r\n\r\n": (303, 400, 401, 404, 421),
    b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n": (400, 404, 414, 431, None),
    b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: " + b"b" * 300_000 + b"\r\n\r\n": (303, 400, 401, 431, None),
    b"GET /static/../pyproject.toml HTTP/1.1\r\nHost: localhost\r\n\r\n": (400, 404),
    b"GET /static/%2e%2e/%2e%2e/pyproject.toml HTTP/1.1\r\nHost: localhost\r\n\r\n": (400, 404),
    b"GET /static/..%2f..%2fpyproject.toml HTTP/1.1\r\nHost: localhost\r\n\r\n": (400, 404),
    b"GET /static/%00 HTTP/1.1\r\nHost: localhost\r\n\r\n": (400, 404),
    b"GET /static/" + b"a" * 300 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n": (400, 404),
    b"GET /static/" + b"a/" * 1500 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n": (400, 404),
    b"GET /static/%ff%fe HTTP/1.1\r\nHost: localhost\r\n\r\n": (400, 404),
    b"GET /static/%ed%a0%80 HTTP/1.1\r\nHost: localhost\r\n\r\n": (400, 404),
    b"GET /static/ HTTP/1.1\r\nHost: localhost\r\n\r\n": (404,),
    b"GET /login HTTP/1.1\r\nHost: localhost\r\nCookie: " + b"a=b; " * 2000 + b"\r\n\r\n": (200, 400, 431),
    b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n": (204, 400, 404, 405),
    b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\na=b": (
        400,
        401,
        415,
    ),
    b"PUT /api/alerts HTTP/1.1\r\nHost: localhost\r\n\r\n": (401, 405),
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03": (400, None),  # TLS on a plain port
}


def test_it_stands_raw_sockets(database, tmp_path):
    """Smuggling, missing and doubled hosts, odd methods, endless lines, ways out of /static: an answer."""
    with serving(tmp_path, HOUNDMON_DATABASE_URL=database) as running:
        wrong = {}
        for sent, allowed in RAW.items():
            status, text = raw(running.port, sent)
            if status not in allowed or b"Traceback" in text or b"[project]" in text or b"X-Canary" in text:
                wrong[sent[:80]] = (status, text[:200])
        assert wrong == {}
        assert answers(running)
        assert running.stop() == 0
        assert "request_raised" not in running.said()[1]
        assert "Traceback" not in running.said()[1]


def raw(port: int, sent: bytes) -> tuple[int | None, bytes]:
    """What comes back for some bytes: the status, None where the connection ends without one."""
    text = b""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as link, contextlib.suppress(OSError):
        with contextlib.suppress(OSError):  # it may have answered before it had all of it
            link.sendall(sent)
        while b"\r\n\r\n" not in text and (chunk := link.recv(65536)):
            text += chunk
        link.settimeout(0.2)
        while chunk := link.recv(65536):
            text += chunk
    found = re.match(rb"HTTP/1\.1 (\d{3})", text)
    return (int(found[1]) if found else None), text
