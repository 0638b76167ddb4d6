#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Add up what gcov counted in several VMs, and print it per source file.

    coverage.py TREE FOLDER...        a line a file, and the whole
    coverage.py -u TREE FOLDER...     and the lines that never ran

A FOLDER is what "selftests/vm/run -c FOLDER" kept: .gcda files by the path of the
object. The .gcno files lie beside the objects. Tests of the cache are left out: they
are no code of the product.
"""

import collections
import gzip
import json
import os
import re
import subprocess
import sys
import tempfile

PRODUCT = re.compile(r"(?:^|/)((?:mgre|nhrp)/[a-z0-9_]+\.[ch]|include/[a-z_]+\.h)$")
TESTS = re.compile(r"test")


def gcov(data, notes):
    """The files of one object, as gcov's JSON has them."""
    with tempfile.TemporaryDirectory() as work:
        base = os.path.join(work, "object")
        os.symlink(os.path.abspath(data), base + ".gcda")
        os.symlink(notes, base + ".gcno")
        subprocess.run(["gcov", "--json-format", base + ".gcda"], cwd=work, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for name in os.listdir(work):
            if name.endswith(".json.gz"):
                with gzip.open(os.path.join(work, name)) as file:
                    yield from json.load(file)["files"]


def objects(folders):
    for folder in folders:
        for where, _, names in os.walk(folder):
            for name in names:
                if name.endswith(".gcda"):
                    data = os.path.join(where, name)
                    notes = "/" + os.path.relpath(data, folder)[:-5] + ".gcno"
                    if os.path.exists(notes):
                        yield data, notes


def count(folders):
    """How often each line ran: {file: {line: count}}."""
    lines = collections.defaultdict(collections.Counter)
    for data, notes in objects(folders):
        for file in gcov(data, notes):
            found = PRODUCT.search(file["file"])
            if not found or TESTS.search(found[1]):
                continue
            for line in file["lines"]:
                lines[found[1]][line["line_number"]] += line["count"]
    return lines


def print_uncovered(tree, name, counts):
    with open(os.path.join(tree, name), encoding="utf-8") as file:
        text = file.read().split("\n")
    for number in sorted(counts):
        if not counts[number]:
            print(f"    {number:5} {text[number - 1]}")


def main(*words):
    uncovered = words[:1] == ("-u",)
    tree, *folders = words[1:] if uncovered else words
    lines = count(folders)
    if not lines:
        print("coverage: no kernel counted anything")
        return
    total = ran = 0
    for name in sorted(lines):
        counts = lines[name]
        here = sum(1 for value in counts.values() if value)
        print(f"coverage: {100 * here / len(counts):5.1f} % of {len(counts):5} lines  {name}")
        if uncovered:
            print_uncovered(tree, name, counts)
        total += len(counts)
        ran += here
    print(f"coverage: {100 * ran / total:5.1f} % of {total:5} lines")


main(*sys.argv[1:])
