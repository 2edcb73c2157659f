"""Programming languages are told by name, by `#!`, and by content where suffixes are shared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.readers.languages import is_code_name, language_of


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("src/a.py", "python"),
        ("a.PY", "python"),
        ("a.min.js", "javascript"),
        ("a.cc", "cpp"),
        ("a.c", "c"),
        ("a.rs", "rust"),
        ("a.R", "r"),
        ("deep/Makefile", "makefile"),
        ("Dockerfile", "dockerfile"),
        ("CMakeLists.txt", "cmake"),
    ],
)
def test_a_name_tells_by_itself(name, language):
    assert language_of(name, "def not_asked(): pass") == language
    assert is_code_name(name)


@pytest.mark.parametrize("name", ["a.txt", "README", "a.md", "a.json", "a.csv", "py", "a.unknown"])
def test_other_names_are_no_code(name):
    assert not is_code_name(name)
    assert language_of(name, "Just words.") is None


@pytest.mark.parametrize(
    ("line", "language"),
    [
        ("#!/usr/bin/env python3", "python"),
        ("#!/usr/bin/python2.7 -u", "python"),
        ("#! /bin/sh", "shell"),
        ("#!/bin/bash -e", "shell"),
        ("#!/usr/bin/env -S node --harmony", "javascript"),
        ("#!/usr/bin/env LANG=C perl", "perl"),
        ("#!/usr/bin/unheard-of", None),
        ("#!", None),
        ("# /bin/sh", None),
    ],
)
def test_the_first_line_names_the_interpreter(line, language):
    assert language_of("bin/tool", f"{line}\nrest") == language


@pytest.mark.parametrize(
    ("name", "text", "language"),
    [
        ("a.h", "#ifndef A_H\nint add(int a, int b);\n#endif\n", "c"),
        ("a.h", "#include <vector>\nstd::vector<int> f();\n", "cpp"),
        ("a.h", "namespace a {\nint f();\n}\n", "cpp"),
        ("a.h", "template <typename T> T f(T x);\n", "cpp"),
        ("a.h", "#import <Foundation/Foundation.h>\n@interface A : NSObject\n@end\n", "objective-c"),
        ("a.m", '#import "A.h"\n@implementation A\n@end\n', "objective-c"),
        ("a.m", "% doubles\nfunction y = f(x)\n  y = 2 .* x;\nend\n", "matlab"),
        ("a.m", "f[x_] := x^2 (* square *)\n", "mathematica"),
        ("a.pl", "use strict;\nmy $x = 1;\nprint $x;\n", "perl"),
        ("a.pl", ":- module(family, []).\nparent(tom, bob).\n", "prolog"),
        ("a.pl", "grandparent(X, Z) :- parent(X, Y), parent(Y, Z).\n", "prolog"),
        ("a.v", "module counter(input clk);\nendmodule\n", "verilog"),
        ("a.v", "Theorem plus_0 : forall n, n + 0 = n.\nProof.\nQed.\n", "coq"),
        ("a.cls", "\\NeedsTeXFormat{LaTeX2e}\n", "tex"),
        ("a.inc", "<?php echo 1;", "php"),
        ("a.t", "nothing of either", None),
    ],
)
def test_shared_suffixes_are_told_by_content(name, text, language):
    assert is_code_name(name)
    assert language_of(name, text) == language


@given(st.sampled_from(["h", "m", "pl", "v", "cls", "inc", "pro", "t", "py", "none"]), st.text())
def test_any_text_has_a_language_or_none(suffix, text):
    found = language_of(f"a.{suffix}", text)
    assert found is None or (found == found.lower() and found.isascii())
