"""An authorization server with MiniMax's requests and answers that ends a grant when a refresh token comes twice.

It knows nothing of either program, and keeps a book of what it was sent.
"""

import http.server
import json
import secrets
import threading
import time
import urllib.parse

LIFE = 3600


class Grant:
    """One account that has logged in."""

    def __init__(self, number):
        self.number = number
        self.alive = True
        self.generation = 0
        self.access = self.refresh = None
        self.rotate()

    def rotate(self):
        self.generation += 1
        self.access = f"access-{self.number}-{self.generation}-{secrets.token_hex(8)}"
        self.refresh = f"refresh-{self.number}-{self.generation}-{secrets.token_hex(8)}"


class Strict:
    """The server, on a loopback port of its own."""

    def __init__(self):
        self.lock = threading.Lock()
        self.grants, self.issued, self.codes = [], {}, {}
        self.refreshes, self.reuses, self.strangers = 0, [], []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                length = int(self.headers.get("Content-Length", 0))
                form = dict(urllib.parse.parse_qsl(self.rfile.read(length).decode()))
                with outer.lock:
                    status, answer = outer.answer(self.path, form)
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def connect_to(self):
        """The engine's arguments that lead to it."""
        hosts = ["api.minimax.io", "account.minimax.io"]
        return [arg for host in hosts for arg in ("--connect-to", f"{host}={self.address}")]

    def answer(self, path, form):
        if path.endswith("/code"):
            code = secrets.token_hex(4)
            self.codes[code] = form
            return 200, {"user_code": code, "state": form.get("state"), "interval": 2000,
                         "verification_uri": "https://platform.minimax.io/oauth-authorize?user_code=" + code,
                         "expired_in": int((time.time() + 600) * 1000)}
        if form.get("grant_type") == "refresh_token":
            return self.renew(form.get("refresh_token"))
        if self.codes.pop(form.get("user_code"), None) is None:
            return 400, {"status": "error", "error": "invalid_grant"}
        grant = Grant(len(self.grants))
        self.grants.append(grant)
        return 200, self.tokens(grant)

    def renew(self, token):
        self.refreshes += 1
        grant = self.issued.get(token)
        if grant is None:
            self.strangers.append(token)
        elif token != grant.refresh:
            self.reuses.append(token)
            grant.alive = False
        if grant is None or not grant.alive:
            return 400, {"error": "invalid_grant"}
        grant.rotate()
        return 200, self.tokens(grant)

    def tokens(self, grant):
        self.issued[grant.refresh] = grant
        return {"status": "success", "token_type": "Bearer", "access_token": grant.access,
                "refresh_token": grant.refresh, "expired_in": int((time.time() + LIFE) * 1000)}

    def serves(self, access):
        """The number of the account that a token is good for now; none where it is good for nothing."""
        with self.lock:
            return next((grant.number for grant in self.grants if grant.alive and grant.access == access), None)
