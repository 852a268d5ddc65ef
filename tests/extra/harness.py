"""The tests of one file, one after the other, and the engine in a house of its own."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import traceback

ENGINE = os.environ["HERMES_ENGINE"]
HERE = pathlib.Path(__file__).parent
PROVIDERS = ["--providers-dir", str(HERE / "providers")]
TESTS = []


def test(name):
    """Declares a test; it is given a house."""
    return lambda body: TESTS.append((name, body)) or body


def finish():
    """Runs what was declared, and ends the process."""
    failed = 0
    for name, body in TESTS:
        house = House()
        try:
            body(house)
            print("ok", name, flush=True)
        except BaseException:
            failed += 1
            print(f"FAILED {name}", *traceback.format_exc().splitlines(), sep="\n  ", flush=True)
        finally:
            house.close()
    sys.stdout.flush()
    os._exit(1 if failed else 0)  # servers of tests may still have threads


class House:
    """An empty home, a working directory, and no variables but those that a program needs."""

    def __init__(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="hermes-extra-"))
        self.home = self.root / "home/.hermes"
        self.work = self.root / "work"
        self.home.parent.mkdir()
        self.work.mkdir()
        self.env = {"PATH": os.environ["PATH"], "HOME": str(self.home.parent), "HERMES_HOME": str(self.home)}
        self.running = []

    def auth(self):
        """`auth.json`."""
        return json.loads((self.home / "auth.json").read_text())

    def put_auth(self, auth):
        """Puts an `auth.json` in place."""
        self.home.mkdir(exist_ok=True)
        (self.home / "auth.json").write_text(json.dumps(auth, indent=2) + "\n")
        (self.home / "auth.json").chmod(0o600)

    def run(self, *args, code=0, stdin="", **env):
        """Runs the engine to its end, which must have this exit code; gives what it printed and what it said."""
        done = subprocess.run([ENGINE, *args], cwd=self.work, env=self.env | env, input=stdin, text=True,
                              capture_output=True, timeout=40)
        assert done.returncode == code, f"exit {done.returncode} instead of {code}\n{done.stdout}\n{done.stderr}"
        return done.stdout, done.stderr

    def start(self, *args):
        """Starts the engine."""
        running = Running(subprocess.Popen([ENGINE, *args], cwd=self.work, env=self.env, text=True,
                                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE))
        self.running.append(running)
        return running

    def simulate(self, *args):
        """Starts a simulated server: the arguments that lead to it, and its address."""
        line = self.start("simulate", *args).wait_for("stdout", r"(--connect-to .*)")
        return line.split(), "http://" + re.search(r"=(127\.0\.0\.1:\d+)", line)[1]

    def close(self):
        for running in self.running:
            running.process.kill()
        shutil.rmtree(self.root, ignore_errors=True)


class Running:
    """The engine at work."""

    def __init__(self, process):
        self.process = process
        self.text = {"stdout": "", "stderr": ""}
        self.readers = [threading.Thread(target=self._read, args=(name,), daemon=True) for name in self.text]
        for reader in self.readers:
            reader.start()

    def _read(self, name):
        for line in getattr(self.process, name):
            self.text[name] += line

    def wait_for(self, name, pattern, seconds=20):
        """The first group of the pattern, once it has come."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := re.search(pattern, self.text[name]):
                return found[1]
            time.sleep(0.02)
        raise AssertionError(f"no {pattern} within {seconds} s in:\n{self.text}")

    def expect(self, code):
        """Waits for the end, and gives what was said."""
        got = self.process.wait(timeout=40)
        for reader in self.readers:
            reader.join()
        assert got == code, f"exit {got} instead of {code}\n{self.text}"
        return self.text["stderr"]
