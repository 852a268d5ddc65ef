"""Plays the user and an MCP client for the official conformance suite; every token is the engine's.

    mcp_driver.py HERMES_ENGINE SERVER_URL

It reads no name of a scenario: what the suite hands over is given to the engine as inputs, and what a server answers decides
what comes next. The suite's server judges each message. Its own exit code says whether the client came through.
"""

import hashlib
import http.client
import json
import os
import subprocess
import sys
import tempfile
import urllib.parse

ENGINE, SERVER = sys.argv[1], sys.argv[-1]
CONTEXT = json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT") or "{}")
REVISION = os.environ.get("MCP_CONFORMANCE_PROTOCOL_VERSION", "2025-11-25")
HAS_SESSION = REVISION < "2026"

# What the suite calls it, and the input of the provider's file.
INPUTS = {
    "client_id": "client_id",
    "client_secret": "client_secret",
    "issuer": "client_issuer",
    "private_key_pem": "private_key",
    "valid_jwt": "assertion",
    "idp_id_token": "id_token",
    "idp_token_endpoint": "idp_token_endpoint",
    "idp_client_id": "idp_client_id",
}


def send(method, url, headers=None, body=None):
    """One HTTP request; redirects are not followed."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, text


def engine(*arguments):
    return subprocess.run([ENGINE, *arguments], capture_output=True, text=True)


def stop(words):
    print(words, file=sys.stderr)
    sys.exit(1)


def login():
    """Logs in as a user would: the page that the engine shows is opened, and leads back to its listener."""
    inputs = {INPUTS[name]: value for name, value in CONTEXT.items() if name in INPUTS}
    inputs |= {"server": SERVER, "document": "https://conformance-test.local/client-metadata.json"}
    command = [ENGINE, "run-flow", "mcp", "--no-browser", "--allow", "localhost", "--stdin"]
    run = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    run.stdin.write(json.dumps(inputs))
    run.stdin.close()
    for line in run.stderr:
        print(line, end="", file=sys.stderr)
        page = next((word for word in line.split() if word.startswith("http") and "code_challenge=" in word), None)
        if page:
            send("GET", send("GET", page)[1]["location"])
    if run.wait() != 0:
        stop("the login failed")


def credential():
    """The headers of an authorized request; none where there is no credential yet."""
    answer = engine("resolve", "mcp", "--as", "header")
    if answer.returncode not in (0, 3):
        stop(answer.stderr)
    return dict(line.split(": ", 1) for line in answer.stdout.splitlines())


def rejected(headers, status, answered):
    """Tells the engine that the server refused; whether it has another token already."""
    token = headers.get("Authorization", "").partition(" ")[2]
    if not token:
        return False
    sha256 = hashlib.sha256(token.encode()).hexdigest()
    challenge = answered.get("www-authenticate", "")
    refusal = ["--rejected-sha256", sha256, "--rejected-status", str(status), "--challenge", challenge]
    answer = engine("token", "mcp", *refusal)
    if answer.returncode not in (0, 3):
        stop(answer.stderr)
    return answer.returncode == 0


def call(method, params, number=1):
    """One message of the protocol, repeated until it is allowed."""
    message = {"jsonrpc": "2.0", "method": method, "params": params}
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": REVISION,
    }
    if number is not None:
        message["id"] = number
    if not HAS_SESSION:
        headers["Mcp-Method"] = method
        message["params"] = params | {
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": REVISION,
                "io.modelcontextprotocol/clientInfo": {"name": "driver", "version": "1"},
                "io.modelcontextprotocol/clientCapabilities": {},
            }
        }
    for _ in range(8):
        own = credential()
        status, answered, text = send("POST", SERVER, headers | own, json.dumps(message))
        if status not in (401, 403):
            break
        if not rejected(own, status, answered):
            login()
    if status >= 400:
        stop(f"{method}: HTTP {status}: {text}")


def main():
    os.environ["HERMES_HOME"] = tempfile.mkdtemp()
    if HAS_SESSION:
        client = {"name": "driver", "version": "1"}
        call("initialize", {"protocolVersion": REVISION, "capabilities": {}, "clientInfo": client})
        call("notifications/initialized", {}, None)
    call("tools/list", {})
    call("tools/call", {"name": "test-tool", "arguments": {}})


main()
