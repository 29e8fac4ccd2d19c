#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Asks the questions, keeps their lines, and has the report written.

What a question prints goes to bench/samples/QUESTION.tsv of the build
directory, behind notes of when and how it was asked.  A question that fails
does not keep the others from being asked; the report tells of it.  A run that
is broken off leaves the file of before."""
import argparse
import os
import signal
import subprocess
import sys
import time

import machine

QUESTIONS = ("turn", "echo", "churn", "timers", "tasks", "memory", "start")
HERE = os.path.dirname(os.path.abspath(__file__))


def read_options():
    p = argparse.ArgumentParser(
        prog="bench/run.py", description=__doc__.split("\n", 1)[0],
        allow_abbrev=False, epilog="questions: " + " ".join(QUESTIONS))
    p.add_argument("questions", nargs="*", metavar="QUESTION",
                   help="all of them unless told")
    p.add_argument("--build", metavar="DIR", default="build",
                   help="where the programs were built (%(default)s)")
    p.add_argument("--full", action="store_true",
                   help="every point and more rounds")
    p.add_argument("--rounds", metavar="N", help="passed on, if not empty")
    p.add_argument("--seed", metavar="N", help="passed on, if not empty")
    p.add_argument("--as", dest="command", metavar="TEXT",
                   help="the command that the report is to name")
    o = p.parse_args()
    for question in o.questions:
        if question not in QUESTIONS:
            p.exit(2, f"bench: no question '{question}'; there are: "
                   f"{' '.join(QUESTIONS)}\n")
    for name in "rounds", "seed":
        value = getattr(o, name)
        if value and not value.isdecimal():
            p.exit(2, f"bench: {name}: '{value}' is not a number\n")
    o.named = bool(o.questions)
    o.questions = [q for q in QUESTIONS if q in (o.questions or QUESTIONS)]
    return o


def program_of(question, build):
    """The words that start it, or None if it is not there."""
    built = os.path.join(build, "bench", f"bench_{question}")
    script = os.path.join(HERE, f"bench_{question}.py")
    if os.access(built, os.X_OK):
        return [built]
    if os.path.exists(script):
        return [sys.executable, script, f"--build={build}"]
    return None


def options_of(o):
    given = [f"--{name}={getattr(o, name)}" for name in ("rounds", "seed")
             if getattr(o, name)]
    return given + ["--full"] * o.full


def write_machine(o, samples):
    """What holds for all questions of this run."""
    notes = machine.facts(o.build)
    notes += [
        ("command", o.command or " ".join(sys.argv)),
        ("seed", o.seed or "1"),
        ("rounds", o.rounds or "as many as each question takes"),
        ("date", time.strftime("%Y-%m-%d %H:%M:%S %z")),
        ("load before", f"{os.getloadavg()[0]:.2f} in the last minute"),
    ]
    with open(os.path.join(samples, "machine.tsv"), "w",
              encoding="utf-8") as f:
        for key, value in notes:
            f.write(f"note\tmachine\t{key}\t{value}\n")


def run_to_its_end(command, output):
    """Its status.  If we are broken off, so is it, and it is waited for: what
    it has started is its own to end.  Between the two, nobody breaks in."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK,
                                    {signal.SIGINT, signal.SIGTERM})

    def give_back():
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    try:
        child = subprocess.Popen(command, stdout=output, preexec_fn=give_back,
                                 stdin=subprocess.DEVNULL)
    except OSError:
        give_back()
        raise
    try:
        give_back()
        return child.wait()
    except KeyboardInterrupt:
        child.terminate()
        child.wait()
        raise


def break_off(*_):
    raise KeyboardInterrupt


def ask(o, question, program, path):
    """Its lines go to PATH; what is wrong, or None."""
    command = program + options_of(o)
    shown = " ".join([os.path.basename(program[0] if len(program) == 1 else
                                       program[1])] + options_of(o))
    begin = time.monotonic()
    with open(path, "w", encoding="utf-8") as f:
        f.write(f"note\t{question}\tcommand\t{shown}\n"
                f"note\t{question}\tdate\t"
                f"{time.strftime('%Y-%m-%d %H:%M:%S %z')}\n")
        f.flush()
        try:
            status = run_to_its_end(command, f)
        except OSError as e:
            status = e.strerror
        took = time.monotonic() - begin
        f.seek(0, os.SEEK_END)
        f.write(f"note\t{question}\ttook\t{took:.0f} s\n")
        if status:
            f.write(f"note\t{question}\tfailed\tstatus {status}: what is "
                    "here is not all\n")
    return f"failed with status {status}" if status else None


def ask_aside(o, question, program, path):
    """As ask(), but PATH is as before until the question has ended."""
    aside = path + ".new"
    try:
        wrong = ask(o, question, program, aside)
        os.replace(aside, path)
    finally:
        if os.path.exists(aside):
            os.remove(aside)
    return wrong


def ask_all(o, samples):
    """The files that were written, and how many questions failed."""
    paths, failed = [os.path.join(samples, "machine.tsv")], 0
    for number, question in enumerate(o.questions, 1):
        head = f"[{number}/{len(o.questions)}] {question}"
        path = os.path.join(samples, f"{question}.tsv")
        program = program_of(question, o.build)
        if not program:
            with open(path, "w", encoding="utf-8") as f:
                f.write(f"note\t{question}\tfailed\tthere is no program for "
                        "it\n")
            print(f"{head}: there is no program for it", file=sys.stderr)
            # Who asks for all takes what is there.
            failed += o.named
            paths.append(path)
            continue
        print(head, file=sys.stderr)
        begin = time.monotonic()
        wrong = ask_aside(o, question, program, path)
        failed += wrong is not None
        paths.append(path)
        print(f"{head}: {wrong or 'done'}, {time.monotonic() - begin:.0f} s",
              file=sys.stderr)
    return paths, failed


def main():
    o = read_options()
    signal.signal(signal.SIGTERM, break_off)
    samples = os.path.join(o.build, "bench", "samples")
    os.makedirs(samples, exist_ok=True)
    begin = time.monotonic()
    write_machine(o, samples)
    try:
        paths, failed = ask_all(o, samples)
    except KeyboardInterrupt:
        return 130
    # Counts are not of this run: they hold wherever they were taken.
    counts = os.path.join(samples, "counts.tsv")
    if os.path.exists(counts):
        paths.append(counts)
    report = subprocess.run(
        [sys.executable, os.path.join(HERE, "report.py"),
         f"--output={os.path.join(o.build, 'bench')}", *paths], check=False)
    print(f"bench: {time.monotonic() - begin:.0f} s in all", file=sys.stderr)
    return 1 if failed or report.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
