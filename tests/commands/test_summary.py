import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from houndmon.__main__ import main

TEXT = "prod: none. All is well."
GOOD = {"text": TEXT, "status": {"indicator": "none"}}


@contextmanager
def answering(status: int, body: bytes):
    """A server on loopback that answers one thing; its address, and the log-ins that it was shown."""
    shown = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            shown.append(self.headers.get("Authorization"))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", shown
        server.shutdown()


@pytest.mark.parametrize(("indicator", "code"), [("none", 0), ("minor", 1), ("unknown", 1)])
def test_it_prints_the_answers(indicator, code, capsys):
    """The text is printed as it came; the exit status is 0 only when all is well."""
    with answering(200, json.dumps(GOOD | {"status": {"indicator": indicator}}).encode()) as (base, _):
        assert main(["summary", "--url", base]) == code
    assert capsys.readouterr().out == f"{TEXT}\n"


@pytest.mark.parametrize(("token", "shown"), [("hm_summary_x", "Bearer hm_summary_x"), ("", None)])
def test_it_shows_its_token(token, shown, monkeypatch):
    """HOUNDMON_TOKEN is sent as the token of a program; an empty one counts as unset."""
    monkeypatch.setenv("HOUNDMON_TOKEN", token)
    with answering(200, json.dumps(GOOD).encode()) as (base, seen):
        assert main(["summary", "--url", base]) == 0
    assert seen == [shown]


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, b'{"detail": "Log in."}', "set HOUNDMON_TOKEN"),
        (503, b'{"detail": "houndmon\'s own database does not answer"}', "does not answer"),
        (200, b"<html>", "is no houndmon"),
        (200, b"[]", "is no houndmon"),
        (404, b"", "is no houndmon"),
    ],
)
def test_it_says_what_is_wrong(status, body, said, capsys):
    """A refusal, a failure and somebody else's answer: exit status 1 and a sentence, never a traceback."""
    with answering(status, body) as (base, _):
        assert main(["summary", "--url", base]) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "nonsense", "http://["])
def test_it_says_that_nobody_answers(url, capsys):
    """Where nothing listens, and where no address is meant, it says so."""
    assert main(["summary", "--url", url]) == 1
    assert "no houndmon answers" in capsys.readouterr().err
