"""Mutants of the code that judges: a sample of what cargo-mutants makes of it, each of which a test must find.

One that no test finds needs a reason in mutants.toml. Which are taken is decided by the code itself: another commit takes
others, the same commit the same.

  tests/extra/mutants.py            a sample
  tests/extra/mutants.py all        every mutant; hours
"""

import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = pathlib.Path(os.environ.get("CI_TOOLS", pathlib.Path.home() / ".cache/hermes-engine-ci"))
TREE = TOOLS / "extra/mutants/tree"
# What is changed, how many of them are tried, and the packages and targets whose tests must find it.
GROUPS = [
    ("label and origin", 2, ["hermes-format/src/label.rs", "hermes-format/src/label/*.rs", "hermes-format/src/origin.rs"],
     "hermes-format,hermes-machine,hermes-proof", ["--lib", "--test", "checks", "--test", "allowance"]),
    ("machine", 3, ["hermes-machine/src/machine/*.rs"],
     "hermes-machine,hermes-proof", ["--lib", "--test", "checks", "--test", "allowance"]),
    ("trust, listener and credential", 4,
     [f"hermes-engine/src/{part}" for part in ["trust/*.rs", "listener/*.rs", "credential/*.rs", "own_file.rs"]],
     "hermes-engine", ["--lib"]),
]
ENVIRONMENT = os.environ | {
    "PATH": f"{os.environ['PATH']}:{TOOLS / 'bin'}",
    "CARGO_TARGET_DIR": str(TREE.parent / "target"),
    "CARGO_PROFILE_TEST_DEBUG": "0",
    "CARGO_PROFILE_DEV_DEBUG": "0",
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


def reasons():
    with open(ROOT / "tests/extra/mutants.toml", "rb") as file:
        survivors = tomllib.load(file)["survivor"]
    assert all(one["reason"].strip() for one in survivors), "a survivor has no reason"
    return {one["mutant"] for one in survivors}


def survivors(files, packages, targets, count):
    """The mutants that no test has found, and how many were tried."""
    files = [arg for name in files for arg in ["-f", f"engine/{name}"]]
    listed = cargo_mutants("--list", "--json", *files)
    assert listed.returncode == 0, listed.stderr
    names = sorted(mutant["name"] for mutant in json.loads(listed.stdout))
    known = reasons()
    names = [name for name in names if named(name) not in known]
    if count:
        seed = hashlib.sha256("".join(names).encode()).hexdigest()
        names = random.Random(seed).sample(names, min(count, len(names)))
    wanted = [arg for name in names for arg in ["--re", f"^{re.escape(name)}$"]] if count else []
    out = TREE.parent / "out"
    shutil.rmtree(out, ignore_errors=True)
    ran = cargo_mutants("--in-place", "--baseline=skip", "--timeout=120", "--colors=never", "--test-package", packages,
                        "-o", str(out), *files, *wanted, "--", *targets)
    # 2: a mutant was missed, 3: one took too long.
    assert ran.returncode in (0, 2, 3), ran.stdout + ran.stderr
    outcomes = json.loads((out / "mutants.out/outcomes.json").read_text())["outcomes"]
    missed = [one["scenario"]["Mutant"]["name"] for one in outcomes if one["summary"] == "MissedMutant"]
    return [name for name in missed if named(name) not in known], len(outcomes)


def main():
    copy()
    is_all, failed = sys.argv[1:] == ["all"], False
    for title, count, files, packages, targets in GROUPS:
        found, tried = survivors(files, packages, targets, 0 if is_all else count)
        if found:
            failed = True
            print(f"FAILED mutants of {title}: no test finds", *found, sep="\n  ", flush=True)
        else:
            print(f"ok mutants of {title}: {tried} tried", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
