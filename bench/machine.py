# SPDX-License-Identifier: BSD-2-Clause
"""On what was measured, and with what: pairs of key and value."""
import os
import platform
import re
import resource
import subprocess


def output(*command, stdin=""):
    """What COMMAND prints, or "" if it cannot."""
    try:
        done = subprocess.run(command, input=stdin, capture_output=True,
                              text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def first_line(text):
    return text.split("\n", 1)[0]


def find(pattern, path):
    """What the brackets of PATTERN match first in a file, or ""."""
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            found = re.search(pattern, f.read(), re.MULTILINE)
    except OSError:
        return ""
    return found[1].strip() if found else ""


def processor():
    return (find(r"^model name\s*:(.*)", "/proc/cpuinfo") or
            output("sysctl", "-n", "machdep.cpu.brand_string") or
            platform.processor() or platform.machine())


def memory():
    size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return f"{size / 2**30:.1f} GiB"


def libc():
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or "not glibc"
    except (OSError, ValueError):
        return "not glibc"


def libev(compiler):
    """It has no file for pkg-config."""
    said = output(*compiler, "-E", "-P", "-", stdin="#include <ev.h>\n"
                  "version EV_VERSION_MAJOR EV_VERSION_MINOR\n")
    found = re.search(r"^version (\d+) (\d+)$", said, re.MULTILINE)
    return f"{found[1]}.{found[2]}" if found else ""


def facts(build):
    """All of them; BUILD is the directory of the programs."""
    makefile = os.path.join(build, "Makefile")
    compiler = find(r"^CC = (.*)", makefile).split() or ["cc"]
    flags = [find(rf"^{v} = (.*)", makefile)
             for v in ("CFLAGS", "PLX_CFLAGS", "CPPFLAGS", "LDFLAGS")]
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    absent = "not installed"
    return [
        ("processor", processor()),
        ("processors", f"{len(os.sched_getaffinity(0))} of {os.cpu_count()}"
         if hasattr(os, "sched_getaffinity") else str(os.cpu_count())),
        ("memory", memory()),
        ("kernel", f"{platform.system()} {platform.release()} "
         f"({platform.machine()})"),
        ("libc", libc()),
        ("compiler", first_line(output(*compiler, "--version")) or "unknown"),
        ("flags", " ".join(" ".join(flags).split()) or "unknown"),
        ("descriptors allowed", f"{limits[1]}"),
        ("pollux", output(os.path.join(build, "echod"), "--version") or
         "not built"),
        ("libev", libev(compiler) or absent),
        ("libevent", output("pkg-config", "--modversion", "libevent") or
         absent),
        ("libuv", output("pkg-config", "--modversion", "libuv") or absent),
        ("Python", platform.python_version()),
        ("gnuplot", first_line(output("gnuplot", "--version")) or absent),
        ("hyperfine", first_line(output("hyperfine", "--version")) or absent),
    ]
