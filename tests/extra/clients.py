"""Real clients behind the proxy, against a service that revokes early, lets tokens expire and rotates: none of them sees any
of it, none is given a model of its maker's, and none holds a credential of the service.

A client that is missing in the registries is not here; the last lines of setup.sh name those."""

import concurrent.futures
import json
import os
import pathlib
import subprocess

from fake_upstream import ANSWER, Upstream
from harness import ENGINE, HERE, House, finish, test

TOOLS = pathlib.Path(os.environ["CLIENT_TOOLS"])
PYTHON = str(TOOLS / "clients/bin/python")
NODE = str(TOOLS / "node-clients/node_modules/.bin")


class Scene:
    """A login at a service, and ways to reach it."""

    def __init__(self, house, mode, base="", **options):
        self.house, self.upstream = house, Upstream(**options)
        (house.home / "providers.d").mkdir(parents=True)
        (house.home / "providers.d/acme.toml").write_text(self.upstream.provider(mode, base))
        house.run("login", "acme", "--no-browser")
        house.env |= {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}

    def through(self, *command, **env):
        """What a client answers that `exec --proxy` starts; nothing of the service's credential is where it could see it."""
        done = subprocess.run([ENGINE, "exec", "acme", "--proxy", "--model", "acme-1", "--", *command], cwd=self.house.work,
                              env=self.house.env | env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{done.returncode}\n{done.stdout}\n{done.stderr}\n{self.paths()}"
        for path in self.house.root.rglob("*"):
            if path.is_file() and self.house.home not in path.parents:
                text = path.read_bytes()
                assert not any(token.encode() in text for token in self.upstream.issued), path
        assert not any(token in done.stdout for token in self.upstream.issued), done.stdout
        return done.stdout

    def paths(self):
        return [path for path, _, _ in self.upstream.requests]

    def check(self, refreshes):
        """The service was asked for the chosen model alone, and each refresh token was spent once."""
        upstream = self.upstream
        assert upstream.refreshes >= refreshes and upstream.reuses == 0, (upstream.refreshes, upstream.reuses)
        models = {asked["model"] for _, _, asked in upstream.requests if "model" in asked}
        assert models <= {"acme-1", "acme-mini"}, models
        for path, headers, _ in upstream.requests:
            assert not any("hek_" in value for value in headers.values()), (path, headers)


# Six questions in one session: the token is revoked after the second, and its successor expires after the fourth.
TURNS = {"life": 12, "uses": 2}
SESSION = """
import os, time
assert not any("upstream-" in value for value in os.environ.values())
for turn in range(6):
    text = ask(stream=turn % 2 == 0)
    assert text.strip() == "hello from upstream", text
    time.sleep(12.5 if turn == 3 else 0)
print("done")
"""
# They wait for the most part: all of them at once. litellm alone needs half a minute to start, and more on a busy machine.
POOL = concurrent.futures.ThreadPoolExecutor(16)


def session(name, mode, base, *command):
    """Declares a test of a session, and begins it."""
    def run():
        house = House()
        try:
            scene = Scene(house, mode, base, **TURNS)
            out = scene.through(*command, CLIENT_TOOLS=str(TOOLS))
            assert out.strip() == "done", out
            scene.check(refreshes=2)
        finally:
            house.close()
    begun = POOL.submit(run)
    test(f"{name} goes on through a revocation and an expiry")(lambda _: begun.result())


def python(name, mode, base, ask):
    session(name, mode, base, PYTHON, "-c", ask + SESSION)


python("Anthropic's SDK for Python", "anthropic_messages", "", """
import anthropic, os
client = anthropic.Anthropic(max_retries=0)
def ask(stream):
    question = dict(model=os.environ["ANTHROPIC_MODEL"], max_tokens=9, messages=[{"role": "user", "content": "hi"}])
    if not stream:
        return client.messages.create(**question).content[0].text
    with client.messages.stream(**question) as events:
        return "".join(events.text_stream)
""")

python("OpenAI's SDK for Python, by completions,", "chat_completions", "/v1", """
import os, openai
client = openai.OpenAI(max_retries=0)
def ask(stream):
    question = dict(model=os.environ["OPENAI_MODEL"], messages=[{"role": "user", "content": "hi"}])
    if not stream:
        return client.chat.completions.create(**question).choices[0].message.content
    events = client.chat.completions.create(stream=True, **question)
    return "".join(event.choices[0].delta.content or "" for event in events)
""")

python("OpenAI's SDK for Python, by responses,", "codex_responses", "/v1", """
import os, openai
client = openai.OpenAI(max_retries=0)
def ask(stream):
    if not stream:
        return client.responses.create(model=os.environ["OPENAI_MODEL"], input="hi").output_text
    events = client.responses.create(model=os.environ["OPENAI_MODEL"], input="hi", stream=True)
    return "".join(event.delta for event in events if event.type == "response.output_text.delta")
""")

python("litellm, the library,", "chat_completions", "/v1", """
import os
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
import litellm
def ask(stream):
    question = dict(model="openai/" + os.environ["OPENAI_MODEL"], messages=[{"role": "user", "content": "hi"}],
                    api_base=os.environ["OPENAI_BASE_URL"], api_key=os.environ["OPENAI_API_KEY"], num_retries=0)
    answer = litellm.completion(stream=stream, **question)
    if not stream:
        return answer.choices[0].message.content
    return "".join(event.choices[0].delta.content or "" for event in answer)
""")

for sdk, mode, base in [("anthropic", "anthropic_messages", ""), ("openai", "chat_completions", "/v1")]:
    session(f"the SDK {sdk} for Node", mode, base, "node", str(HERE / "clients_node.mjs"), sdk)

# No OAuth on its side: the proxy has it.
session("an MCP client", "chat_completions", "/mcp", PYTHON, "-c", """
import asyncio, os
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
import httpx2 as httpx
async def main():
    http = httpx.AsyncClient(headers={"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]})
    async with streamable_http_client(os.environ["OPENAI_BASE_URL"], http_client=http) as streams:
        async with ClientSession(streams[0], streams[1]) as session:
            await session.initialize()
            for turn in range(5):
                answer = await session.call_tool("greet", {})
                assert answer.content[0].text == "hello from upstream", answer
                await asyncio.sleep(12.5 if turn == 2 else 0)
    print("done")
asyncio.run(main())
""")


@test("Claude Code answers through a revoked token, with the provider's model")
def _(house):
    scene = Scene(house, "anthropic_messages", uses=1)
    scene.upstream.revoke()
    answer = scene.through(f"{NODE}/claude", "-p", "hi")
    assert answer.strip() == ANSWER, answer
    assert "/v1/messages" in scene.paths() and scene.upstream.refused >= 1
    scene.check(refreshes=1)


@test("Codex answers through a revoked token, from the provider and not its maker")
def _(house):
    scene = Scene(house, "chat_completions", "/v1", uses=1)
    scene.upstream.revoke()
    answer = scene.through(f"{NODE}/codex", "exec", "--skip-git-repo-check", "hi")
    assert ANSWER in answer, answer
    assert "/v1/responses" in scene.paths() and scene.upstream.refused >= 1
    scene.check(refreshes=1)


@test("llm answers through a revoked token, as setup configured it")
def _(house):
    scene = Scene(house, "chat_completions", "/v1", uses=1)
    scene.upstream.revoke()
    house.env["LLM_USER_PATH"] = str(house.root / "llm")
    port = house.start("serve", "--listen", "127.0.0.1:0", "--log", "off").wait_for("stderr", r"Listening on (http://\S+)")
    house.run("setup", "llm", "--provider", "acme", "--model", "acme-1", "--proxy", "--url", port)
    record = json.loads((house.home / "serve-keys.json").read_text())
    assert [key["name"] for key in record["keys"]] == ["setup-llm"], record
    key, _ = house.run("serve", "key", "add", "llm", "--provider", "acme")
    llm = str(TOOLS / "clients/bin/llm")
    run = lambda *args, stdin="": subprocess.run([llm, *args], env=house.env, cwd=house.work, input=stdin, text=True,
                                                 capture_output=True, timeout=60, check=True).stdout
    run("keys", "set", "hermes", "--value", key.strip())
    for _ in range(3):
        assert run("-m", "hermes-acme", "hi").strip() == ANSWER
    scene.check(refreshes=1)
    house.run("setup", "llm", "--undo")
    assert not (house.root / "llm/extra-openai-models.yaml").exists()


@test("a thousand requests on a dead token redeem it once")
def _(house):
    scene = Scene(house, "chat_completions", "/v1")
    scene.upstream.revoke()
    script = """
import os, threading, urllib.request
statuses, lock = [], threading.Lock()
def ask():
    request = urllib.request.Request(os.environ["OPENAI_BASE_URL"] + "/models",
                                     headers={"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]})
    status = urllib.request.urlopen(request, timeout=60).status
    with lock:
        statuses.append(status)
threads = [threading.Thread(target=lambda: [ask() for _ in range(5)]) for _ in range(200)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(len(statuses), set(statuses))
"""
    assert scene.through(PYTHON, "-c", script).strip() == "1000 {200}"
    assert (scene.upstream.refreshes, scene.upstream.reuses) == (1, 0)


@test("another user of the machine reaches neither the socket nor, without a key, the port")
def _(house):
    scene = Scene(house, "chat_completions", "/v1")
    if os.getuid() != 0:
        return print("  not tried with another user: only root can be one")
    path = house.work / "serve.sock"
    house.start("serve", "--listen", f"unix:{path}").wait_for("stderr", r"(Listening)")
    port = house.start("serve", "--listen", "127.0.0.1:0").wait_for("stderr", r"Listening on http://(\S+)")
    house.root.chmod(0o755)
    script = f"""
import encodings.idna, os, socket
os.setgid(65534), os.setuid(65534)
stream = socket.socket(socket.AF_UNIX)
try:
    stream.connect({str(path)!r}); print("connected")
except PermissionError:
    print("refused")
host, port = {port!r}.split(":")
stream = socket.create_connection((host, int(port)))
stream.sendall(b"GET /acme/models HTTP/1.1\\r\\nHost: {port}\\r\\nConnection: close\\r\\n\\r\\n")
print(stream.recv(100).split()[1].decode())
"""
    out = subprocess.run(["python3", "-c", script], capture_output=True, text=True, timeout=20, check=True).stdout
    assert out.split() == ["refused", "403"], out
    # A socket that was opened to others: the peer's uid still decides.
    path.chmod(0o777)
    out = subprocess.run(["python3", "-c", script.replace('print("connected")', 'print("connected", stream.recv(1))')],
                         capture_output=True, text=True, timeout=20, check=True).stdout
    assert out.split() == ["connected", "b''", "403"], out
    assert scene.paths() == []


finish()
