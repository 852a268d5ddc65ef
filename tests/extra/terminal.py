"""A terminal: what is asked there, and how it is left."""

import fcntl
import os
import pty
import re
import select
import signal
import subprocess
import termios
import time

from harness import ENGINE, finish, test


class Terminal:
    """The engine at a terminal of its own."""

    def __init__(self, house, *args, **env):
        self.ours, theirs = pty.openpty()
        self.before = termios.tcgetattr(theirs)
        self.theirs = theirs
        self.said = ""
        env = house.env | {"TERM": "xterm"} | env
        self.process = subprocess.Popen([ENGINE, *args], cwd=house.work, env=env, stdin=theirs, stdout=theirs,
                                        stderr=theirs, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def wait_for(self, pattern, seconds=30):
        """Reads until the pattern has come."""
        end = time.monotonic() + seconds
        while not re.search(pattern, self.said):
            assert time.monotonic() < end, f"no {pattern} within {seconds} s in {self.said[-500:]!r}"
            self.read(0.1)

    def read(self, seconds):
        """Reads for so long."""
        end = time.monotonic() + seconds
        while select.select([self.ours], [], [], max(0, end - time.monotonic()))[0] and time.monotonic() < end:
            self.said += os.read(self.ours, 65536).decode(errors="replace")

    def type(self, text):
        os.write(self.ours, text.encode())

    def expect(self, code):
        """Waits for the end. The terminal must be as it was."""
        end = time.monotonic() + 30
        while self.process.poll() is None and time.monotonic() < end:
            self.read(0.1)
        self.read(0.2)
        if self.process.poll() is None:
            self.process.kill()
        assert self.process.wait() == code, (self.process.returncode, self.said[-500:])
        assert termios.tcgetattr(self.theirs) == self.before, "the terminal is not as it was"


def is_refused_and_asked_for_again(house, typed, why):
    terminal = Terminal(house, "auth", "add", "gemini", "--no-verify")
    terminal.wait_for("API key: ")
    terminal.type(typed + "\r")
    terminal.wait_for(why)
    terminal.type("typed-key-0001\r")
    terminal.expect(0)
    assert "typed-key" not in terminal.said, "a key is not shown"
    assert house.run("token", "gemini")[0] == "typed-key-0001\n"


@test("terminal: a text that is no key is asked for again, and no key is shown")
def _(house):
    is_refused_and_asked_for_again(house, "Bearer typed-key-0001x", "without `Bearer`")
    is_refused_and_asked_for_again(house, "changeme", "That looks like a placeholder")


@test("terminal: Ctrl-C, SIGTERM and SIGHUP at a question end it, and leave the terminal as it was")
def _(house):
    for end in ["\x03", signal.SIGTERM, signal.SIGHUP]:
        terminal = Terminal(house, "auth", "add", "gemini", "--no-verify")
        terminal.wait_for("API key: ")
        terminal.type(end) if isinstance(end, str) else terminal.process.send_signal(end)
        terminal.expect(130)
        assert terminal.said.rstrip().endswith("error: interrupted; nothing was changed"), terminal.said


@test("terminal: `use` lets one choose, and neither a choice nor a question is coloured where nothing may be")
def _(house):
    for args, env in [(["--color", "never"], {}), ([], {"NO_COLOR": "1"}), ([], {"TERM": "dumb"})]:
        terminal = Terminal(house, *args, "use", "gemini", GOOGLE_API_KEY="own-key-0001", **env)
        terminal.wait_for("Model:")
        terminal.type("\x1b[B\r")
        terminal.expect(0)
        assert not re.search(r"\x1b\[[0-9;]*m", terminal.said), repr(terminal.said)
        assert "of gemini is used from now on" in terminal.said


@test("terminal: a login counts down in one line, and Ctrl-C ends it")
def _(house):
    terminal = Terminal(house, "run-flow", "minimax-oauth", "--simulate=ask")
    terminal.wait_for(r"Waiting for approval\.\.\. \d+m \d+s left")
    terminal.type("\x03")
    terminal.expect(130)


ACME = """name = "Acme"
start = { login = "success" }
models = ["m"]
[inputs.api_key]
from = [{ env = "ACME_API_KEY" }]
secret = true
[states.success]
access_token = "{{api_key}}"
[api]
mode = "chat_completions"
base_url = "https://api.acme.example/v1"
"""
DOWN, RETURN = "\x1b[B", "\r"


def checkout(house, text=ACME):
    """A repository with a provider file, and a key that it reads."""
    (house.work / "providers.d").mkdir(exist_ok=True)
    (house.work / "providers.d/acme.toml").write_text(text)
    house.env["ACME_API_KEY"] = "own-key-0001"


def answer(house, *args, question, keys, code, shown=()):
    """Runs the engine, answers its question, and gives what it said."""
    terminal = Terminal(house, *args)
    terminal.wait_for(question)
    terminal.type(keys)
    terminal.expect(code)
    for text in shown:
        assert text in terminal.said, (text, terminal.said)
    assert "own-key-0001" not in terminal.said, terminal.said
    return terminal.said


@test("terminal: `trust` shows everything, and a plain Return trusts nothing")
def _(house):
    checkout(house)
    shown = ["adds the provider `acme`", "reads the variable `ACME_API_KEY`", "sends to https://api.acme.example",
             "sha256 ", "nothing was trusted"]
    answer(house, "trust", "providers.d/acme.toml", question="Trust this content", keys=RETURN, code=7, shown=shown)
    assert not (house.home / "trust.json").exists()
    house.run("token", "acme", code=7)


@test("terminal: `trust` takes a yes, and shows what has changed since")
def _(house):
    checkout(house)
    answer(house, "trust", "providers.d/acme.toml", question="Trust this content", keys=DOWN + RETURN, code=0)
    assert house.run("token", "acme")[0] == "own-key-0001\n"
    checkout(house, ACME.replace("api.acme.example", "evil.example"))
    house.run("token", "acme", code=7)
    said = answer(house, "trust", "providers.d/acme.toml", question="Trust this content", keys=RETURN, code=7)
    assert "+ sends to https://evil.example" in said and "- sends to https://api.acme.example" in said, said
    house.run("token", "acme", code=7)


@test("terminal: `trust .` trusts a folder for what was shown, and no more")
def _(house):
    checkout(house)
    answer(house, "trust", ".", question="Trust the files of this folder", keys=DOWN + RETURN, code=0,
           shown=["sends to https://api.acme.example"])
    checkout(house, ACME.replace('name = "Acme"', 'name = "Acme Two"').replace('["m"]', '["m", "n"]'))
    assert house.run("token", "acme")[0] == "own-key-0001\n"
    checkout(house, ACME.replace("api.acme.example", "evil.example"))
    house.run("token", "acme", code=7)


@test("terminal: Ctrl-C at the question of `trust` trusts nothing")
def _(house):
    checkout(house)
    answer(house, "trust", "providers.d/acme.toml", question="Trust this content", keys="\x03", code=130)
    assert not (house.home / "trust.json").exists()


@test("terminal: `run-flow` asks before a file that is not trusted acts: no, this content, this folder")
def _(house):
    checkout(house)
    login = ["run-flow", "acme", "--no-verify"]
    shown = ["sends to https://api.acme.example", "No", "Trust this content of the file", "Review and trust the folder"]
    answer(house, *login, question=r"Trust it\?", keys=RETURN, code=7, shown=shown)
    assert not (house.home / "auth.json").exists() and not (house.home / "trust.json").exists()
    answer(house, *login, question=r"Trust it\?", keys=DOWN + RETURN, code=0)
    assert house.run("token", "acme")[0] == "own-key-0001\n"
    house.run("untrust", "providers.d/acme.toml")
    house.run("token", "acme", code=7)
    terminal = Terminal(house, *login)
    terminal.wait_for(r"Trust it\?")
    terminal.type(DOWN + DOWN + RETURN)
    terminal.wait_for("Trust the files of this folder")
    terminal.type(DOWN + RETURN)
    terminal.expect(0)
    checkout(house, ACME.replace('["m"]', '["m", "n"]'))
    assert house.run("token", "acme")[0] == "own-key-0001\n"


@test("terminal: `trust` shows a long command whole, each argument in quotes, and runs nothing")
def _(house):
    command = ": " + "reads the version; " * 40 + "touch PWNED"
    checkout(house, ACME.replace('ACME_API_KEY" }', f'ACME_API_KEY" }}, {{ command = ["sh", "-c", "{command}"] }}'))
    said = answer(house, "trust", "providers.d/acme.toml", question="Trust this content", keys=RETURN, code=7)
    assert f'runs "sh" "-c" "{command}"' in said, said
    assert not (house.work / "PWNED").exists()


finish()
