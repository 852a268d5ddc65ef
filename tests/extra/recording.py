"""Records a login in a terminal as an SVG: docs/images/login.svg, light and dark.

    python3 tests/extra/recording.py            write the picture
    python3 tests/extra/recording.py --check    run the same commands, and compare all but codes, ports and times

What it runs is what it shows: each command in a pseudo-terminal, against the simulator. HERMES_ENGINE names the binary.
"""

import html
import os
import pathlib
import pty
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs/images/login.svg"
ENGINE = pathlib.Path(os.environ.get("HERMES_ENGINE", ROOT / "target/debug/hermes-engine")).resolve()
COLUMNS, LINE, CHARACTER, MARGIN = 92, 20, 8.4, 18

COMMANDS = [
    "hermes-engine login minimax-oauth --simulate",
    "hermes-engine check providers.d/minimax-oauth.toml",
    "hermes-engine test minimax-oauth",
]

# What differs from run to run, and what stands in its place.
CHANGING = [
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:49152"),
    (re.compile(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b"), "HFZF-NWJD"),
    (re.compile(r"\bsim-([a-z_]+)-[\w-]+"), r"sim-\1"),
    (re.compile(r"\b\d+m \d+s left"), "4m 59s left"),
    (re.compile(r"\b\d+(\.\d+)? ?(ms|s)\b(?! left)"), "0.1 s"),
]


def run(command, home):
    """What a terminal shows of a command in the end: the last state of each line, without colours."""
    line = command.replace("hermes-engine", str(ENGINE), 1)
    environment = {
        "PATH": os.environ["PATH"], "HOME": home, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "LANG": "C.UTF-8",
    }
    ours, theirs = pty.openpty()
    child = subprocess.Popen(["sh", "-c", line], stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=ROOT)
    os.close(theirs)
    seen = bytearray()
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:
            break
        if not piece:
            break
        seen += piece
    if child.wait(timeout=60) != 0:
        raise SystemExit(f"FAILED recording: `{command}` ended with {child.returncode}: {seen.decode()}")
    return shown(seen.decode())


def shown(text):
    """The lines that are left on the screen: a carriage return writes a line anew."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07", "", text)
    lines = [line.rsplit("\r", 1)[-1].rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    for pattern, instead in CHANGING:
        lines = [pattern.sub(instead, line) for line in lines]
    return [line for line in lines if line]


def wrapped(line):
    """A line as a terminal of so many columns breaks it, at words."""
    rows = [""]
    for word in line.split(" "):
        if rows[-1] and len(rows[-1]) + 1 + len(word) > COLUMNS:
            rows.append("")
        rows[-1] = f"{rows[-1]} {word}" if rows[-1] else word
    return rows


def kind(row):
    if row.startswith("$ "):
        return "typed"
    return "good" if row.startswith("✓") else "said"


def picture(rows):
    width, height = int(COLUMNS * CHARACTER + 2 * MARGIN), len(rows) * LINE + 2 * MARGIN + 24
    text = "\n".join(
        f'<text x="{MARGIN}" y="{MARGIN + 38 + at * LINE}" class="{kind(row)}">{html.escape(row)}</text>'
        for at, row in enumerate(rows)
    )
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">
<title>A simulated MiniMax login in a terminal, then check and test of its provider file</title>
<style>
.window{{fill:#fff;stroke:#d0d5de}} text{{font:14px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;white-space:pre}}
.typed{{fill:#1d4f9c;font-weight:bold}} .said{{fill:#1f2430}} .good{{fill:#1a6b37}} .dot{{fill:#d0d5de}}
@media (prefers-color-scheme:dark){{
.window{{fill:#161a22;stroke:#333a47}} .typed{{fill:#8ab4f8}} .said{{fill:#d7dce5}} .good{{fill:#7ccf95}} .dot{{fill:#333a47}}
}}
</style>
<rect class="window" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8"/>
<circle class="dot" cx="20" cy="18" r="5"/><circle class="dot" cx="38" cy="18" r="5"/><circle class="dot" cx="56" cy="18" r="5"/>
{text}
</svg>
"""


def main():
    rows = []
    with tempfile.TemporaryDirectory() as home:
        for command in COMMANDS:
            rows += [f"$ {command}"]
            rows += [row for line in run(command, home) for row in wrapped(line)]
    made = picture(rows)
    if "--check" not in sys.argv:
        PICTURE.write_text(made)
    elif PICTURE.read_text() != made:
        raise SystemExit(f"FAILED recording: {PICTURE.relative_to(ROOT)} is out of date; run python3 tests/extra/recording.py")
    else:
        print("ok recording: docs/images/login.svg shows what the commands print")


main()
