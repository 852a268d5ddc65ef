"""A service of a few lines: logs in by device code, rotates refresh tokens, revokes access tokens early, and answers in the
protocols that real clients speak. Written from the services' documentation; nothing of the engine is in it."""

import http.server
import json
import threading
import time
import urllib.parse

ANSWER = "hello from upstream"


class Upstream:
    """Access tokens live `life` seconds; the first one is revoked after `uses` requests."""

    def __init__(self, life=3600, uses=10**9):
        self.life, self.uses = life, uses
        self.lock = threading.Lock()
        self.serial = 0
        self.access, self.refresh = {}, set()
        self.issued = []
        self.refreshes = self.reuses = self.refused = 0
        self.requests = []
        handler = type("Handler", (Handler,), {"upstream": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def tokens(self):
        with self.lock:
            self.serial += 1
            access, refresh = f"upstream-access-{self.serial}-x", f"upstream-refresh-{self.serial}-x"
            self.access[access] = [self.uses if self.serial == 1 else 10**9, time.monotonic() + self.life]
            self.refresh.add(refresh)
            self.issued += [access, refresh]
            return {"access_token": access, "refresh_token": refresh, "token_type": "Bearer", "expires_in": self.life}

    def renew(self, token):
        with self.lock:
            self.refreshes += 1
            if token not in self.refresh:
                self.reuses += 1
                return None
            self.refresh.remove(token)
        return self.tokens()

    def admits(self, token):
        with self.lock:
            state = self.access.get(token)
            good = bool(state) and state[0] > 0 and time.monotonic() < state[1]
            if good:
                state[0] -= 1
            else:
                self.refused += 1
            return good

    def revoke(self):
        """Every access token that is out there."""
        with self.lock:
            self.access.clear()

    def provider(self, mode, base=""):
        """A provider file for it."""
        return f"""
name    = "Acme"
extends = "device-code"
models  = ["acme-1", {{ id = "acme-mini", aux = true }}]

[vars]
client_id  = "acme-cli"
scope      = "models"
device_url = "{self.url}/device"
token_url  = "{self.url}/token"

[api]
mode     = "{mode}"
base_url = "{self.url}{base}"
"""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    upstream = None

    def log_message(self, *_):
        pass

    def reply(self, status, value, kind="application/json"):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def events(self, events):
        """A stream, event by event, as one chunk each."""
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for name, value in events:
            text = value if isinstance(value, str) else json.dumps(value)
            event = (f"event: {name}\n" if name else "") + f"data: {text}\n\n"
            self.wfile.write(f"{len(event):x}\r\n{event}\r\n".encode())
            self.wfile.flush()
            time.sleep(0.005)
        self.wfile.write(b"0\r\n\r\n")

    def body(self):
        if "chunked" in self.headers.get("transfer-encoding", ""):
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def do_GET(self):
        self.handle_request()

    def do_DELETE(self):
        self.handle_request()

    def do_POST(self):
        self.handle_request()

    def handle_request(self):
        raw, path = self.body(), urllib.parse.urlsplit(self.path).path
        if path == "/device":
            return self.reply(200, {"device_code": "d", "user_code": "AB-CD", "verification_uri": f"{self.upstream.url}/go",
                                    "expires_in": 600, "interval": 1})
        if path == "/token":
            form = dict(urllib.parse.parse_qsl(raw.decode()))
            if form["grant_type"] == "refresh_token":
                tokens = self.upstream.renew(form["refresh_token"])
                return self.reply(200, tokens) if tokens else self.reply(400, {"error": "invalid_grant"})
            return self.reply(200, self.upstream.tokens())
        token = self.headers.get("authorization", "").removeprefix("Bearer ")
        asked = json.loads(raw) if raw else {}
        with self.upstream.lock:
            self.upstream.requests.append((path, dict(self.headers.items()), asked))
        if not self.upstream.admits(token):
            return self.reply(401, {"type": "error", "error": {"type": "authentication_error", "message": "token revoked"}})
        self.answer(path, asked)

    def answer(self, path, asked):
        model = asked.get("model")
        if path.endswith("/messages"):
            return self.messages(model, asked)
        if path.endswith("/chat/completions"):
            return self.completions(model, asked)
        if path.endswith("/responses"):
            return self.responses_api(model, asked)
        if path.endswith("/models"):
            return self.reply(200, {"object": "list", "data": [{"id": "acme-1", "object": "model"}], "models": []})
        if path.endswith("/mcp"):
            return self.mcp(asked)
        return self.reply(404, {"error": {"message": f"no {path}"}})

    def messages(self, model, asked):
        usage = {"input_tokens": 1, "output_tokens": 1}
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "stop_reason": None,
                   "stop_sequence": None, "usage": usage, "content": []}
        if not asked.get("stream"):
            return self.reply(200, message | {"stop_reason": "end_turn", "content": [{"type": "text", "text": ANSWER}]})
        words = [{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word + " "}}
                 for word in ANSWER.split()]
        events = [{"type": "message_start", "message": message},
                  {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}, *words,
                  {"type": "content_block_stop", "index": 0},
                  {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": usage},
                  {"type": "message_stop"}]
        return self.events([(event["type"], event) for event in events])

    def completions(self, model, asked):
        base = {"id": "c1", "created": 1, "model": model}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        if not asked.get("stream"):
            choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": ANSWER}}
            return self.reply(200, base | {"object": "chat.completion", "choices": [choice], "usage": usage})
        chunk = lambda delta, end=None: base | {
            "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": end}]}
        events = [chunk({"role": "assistant", "content": word + " "}) for word in ANSWER.split()]
        return self.events([("", event) for event in [*events, chunk({}, "stop"), "[DONE]"]])

    def responses_api(self, model, asked):
        text = {"type": "output_text", "text": ANSWER, "annotations": []}
        item = {"id": "m1", "type": "message", "role": "assistant", "status": "completed", "content": [text]}
        usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2,
                 "input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
        whole = {"id": "r1", "object": "response", "created_at": 1, "model": model, "status": "completed", "output": [item],
                 "usage": usage, "parallel_tool_calls": True, "tool_choice": "auto", "tools": []}
        if not asked.get("stream"):
            return self.reply(200, whole)
        begun = whole | {"status": "in_progress", "output": []}
        events = [{"type": "response.created", "response": begun},
                  {"type": "response.output_item.added", "output_index": 0, "item": item | {"content": []}},
                  {"type": "response.output_text.delta", "item_id": "m1", "output_index": 0, "content_index": 0, "delta": ANSWER},
                  {"type": "response.output_item.done", "output_index": 0, "item": item},
                  {"type": "response.completed", "response": whole}]
        return self.events([(event["type"], event | {"sequence_number": n}) for n, event in enumerate(events)])

    def mcp(self, asked):
        """Streamable HTTP, with plain JSON answers and no session."""
        if self.command != "POST":
            return self.reply(405, {"error": "no stream is offered"})
        if "id" not in asked:
            return self.reply(202, b"")
        result = {
            "initialize": lambda: {"protocolVersion": asked["params"]["protocolVersion"], "capabilities": {"tools": {}},
                                   "serverInfo": {"name": "acme", "version": "1"}},
            "tools/list": lambda: {"tools": [{"name": "greet", "inputSchema": {"type": "object"}}]},
            "tools/call": lambda: {"content": [{"type": "text", "text": ANSWER}]},
            "ping": dict,
        }[asked["method"]]()
        return self.reply(200, {"jsonrpc": "2.0", "id": asked["id"], "result": result})
