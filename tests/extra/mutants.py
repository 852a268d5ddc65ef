"""Mutants of the code that judges: changes that cargo-mutants makes, each of which a test must find.

mutants.toml lists what is tried by default, and with a reason each those that no test can find.

  tests/extra/mutants.py            the sample of mutants.toml
  tests/extra/mutants.py all        every mutant; hours
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = pathlib.Path(os.environ.get("CI_TOOLS", pathlib.Path.home() / ".cache/hermes-engine-ci"))
TREE = TOOLS / "extra/mutants/tree"
# What is changed, and the packages and targets whose tests must find it: all, and those that find the sample.
ALL = ["--lib", "--test", "checks", "--test", "allowance"]
GROUPS = [
    ("label and origin", ["hermes-format/src/label.rs", "hermes-format/src/label/*.rs", "hermes-format/src/origin.rs"],
     ("hermes-format,hermes-machine,hermes-proof,hermes-engine", ALL), ("hermes-format,hermes-machine", ["--lib"])),
    ("machine", ["hermes-machine/src/machine/*.rs"],
     ("hermes-machine,hermes-proof,hermes-engine", ALL), ("hermes-machine", ["--lib"])),
    ("trust, listener and credential",
     [f"hermes-engine/src/{part}" for part in ["trust/*.rs", "listener/*.rs", "credential/*.rs", "own_file.rs"]],
     ("hermes-engine", ["--lib"]), ("hermes-engine", ["--lib"])),
]
ENVIRONMENT = os.environ | {
    "PATH": f"{os.environ['PATH']}:{TOOLS / 'bin'}",
    # What the copy depends on is built there already.
    "CARGO_TARGET_DIR": os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target")),
    "PROOF_CASES": "600",
}


def copy():
    """Copies the files of the repository that are not there yet. What is the same keeps its time, and is not built again."""
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    files = {name for name in files.split("\0") if name and (ROOT / name).is_file()}
    for name in files:
        ours, theirs = ROOT / name, TREE / name
        if not theirs.exists() or theirs.read_bytes() != ours.read_bytes():
            theirs.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ours, theirs)
    for path in [path for path in TREE.rglob("*") if path.is_file()]:
        if str(path.relative_to(TREE)) not in files:
            path.unlink()


def cargo_mutants(*args):
    return subprocess.run(["cargo", "mutants", *args], cwd=TREE, env=ENVIRONMENT, text=True, capture_output=True)


def named(name):
    """A mutant without its place in the file, which any change moves."""
    return re.sub(r":\d+:\d+: ", ": ", name)


def survivors(files, tests, listing, is_all):
    """The mutants that no test has found, and how many were tried."""
    packages, targets = tests
    files = [arg for name in files for arg in ["-f", f"engine/{name}"]]
    listed = cargo_mutants("--list", "--json", *files)
    assert listed.returncode == 0, listed.stderr
    known = {one["mutant"] for one in listing["survivor"]}
    names = [mutant["name"] for mutant in json.loads(listed.stdout) if named(mutant["name"]) not in known]
    names = [name for name in names if is_all or named(name) in listing["sample"]]
    assert names, "the sample names no mutant of it"
    wanted = [arg for name in names for arg in ["--re", f"^{re.escape(name)}$"]]
    out = TREE.parent / "out"
    shutil.rmtree(out, ignore_errors=True)
    ran = cargo_mutants("--in-place", "--baseline=skip", "--timeout=120", "--colors=never", "--test-package", packages,
                        "-o", str(out), *files, *([] if is_all else wanted), "--", *targets)
    # 2: a mutant was missed, 3: one took too long.
    assert ran.returncode in (0, 2, 3), ran.stdout + ran.stderr
    outcomes = json.loads((out / "mutants.out/outcomes.json").read_text())["outcomes"]
    missed = [one["scenario"]["Mutant"]["name"] for one in outcomes if one["summary"] == "MissedMutant"]
    return [name for name in missed if named(name) not in known], len(outcomes)


def main():
    copy()
    is_all, failed = sys.argv[1:] == ["all"], False
    listing = tomllib.loads((ROOT / "tests/extra/mutants.toml").read_text())
    assert all(one["reason"].strip() for one in listing["survivor"]), "a survivor has no reason"
    for title, files, whole, quick in GROUPS:
        found, tried = survivors(files, whole if is_all else quick, listing, is_all)
        if found:
            failed = True
            print(f"FAILED mutants of {title}: no test finds", *found, sep="\n  ", flush=True)
        else:
            print(f"ok mutants of {title}: {tried} tried", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
