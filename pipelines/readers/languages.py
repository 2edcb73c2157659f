"""Programming languages of files: by name, and by content where the name says nothing or too little."""

import re

CODE_SUFFIXES = {
    "py": "python", "pyi": "python", "pyx": "cython", "pxd": "cython",
    "js": "javascript", "mjs": "javascript", "cjs": "javascript", "jsx": "javascript",
    "ts": "typescript", "mts": "typescript", "cts": "typescript", "tsx": "typescript",
    "java": "java", "kt": "kotlin", "kts": "kotlin", "scala": "scala", "sc": "scala", "groovy": "groovy",
    "gradle": "groovy", "clj": "clojure", "cljs": "clojure", "cljc": "clojure",
    "c": "c", "cc": "cpp", "cpp": "cpp", "cxx": "cpp", "c++": "cpp", "hh": "cpp", "hpp": "cpp",
    "hxx": "cpp", "h++": "cpp", "ipp": "cpp", "tpp": "cpp", "cu": "cuda", "cuh": "cuda",
    "cs": "csharp", "fs": "fsharp", "fsi": "fsharp", "fsx": "fsharp", "vb": "visual-basic",
    "go": "go", "rs": "rust", "zig": "zig", "d": "d", "nim": "nim", "swift": "swift", "mm": "objective-c",
    "rb": "ruby", "rake": "ruby", "gemspec": "ruby", "php": "php", "phtml": "php", "pm": "perl",
    "lua": "lua", "tcl": "tcl", "sh": "shell", "bash": "shell", "zsh": "shell", "ksh": "shell",
    "fish": "fish", "ps1": "powershell", "psm1": "powershell", "bat": "batchfile", "awk": "awk",
    "hs": "haskell", "lhs": "haskell", "ml": "ocaml", "mli": "ocaml", "elm": "elm", "purs": "purescript",
    "ex": "elixir", "exs": "elixir", "erl": "erlang", "hrl": "erlang", "lisp": "common-lisp",
    "el": "emacs-lisp", "scm": "scheme", "ss": "scheme", "rkt": "racket",
    "r": "r", "jl": "julia", "f": "fortran", "for": "fortran", "f77": "fortran", "f90": "fortran",
    "f95": "fortran", "f03": "fortran", "f08": "fortran", "pas": "pascal", "adb": "ada", "ads": "ada",
    "asm": "assembly", "s": "assembly", "vhd": "vhdl", "vhdl": "vhdl", "sv": "systemverilog",
    "svh": "systemverilog", "sql": "sql", "css": "css", "scss": "scss", "sass": "sass", "less": "less",
    "vue": "vue", "svelte": "svelte", "dart": "dart", "sol": "solidity", "proto": "protocol-buffer",
    "thrift": "thrift", "graphql": "graphql", "cmake": "cmake", "mk": "makefile", "dockerfile": "dockerfile",
    "lean": "lean", "agda": "agda", "idr": "idris", "thy": "isabelle", "stan": "stan", "glsl": "glsl",
    "vert": "glsl", "frag": "glsl", "hlsl": "hlsl", "wat": "webassembly", "nix": "nix", "tf": "hcl",
    "bzl": "starlark", "bazel": "starlark", "vim": "vim-script", "applescript": "applescript",
}  # fmt: skip
"""Language by the last part of a name, lower case. Data (JSON, YAML, CSV, XML) is no code."""

AMBIGUOUS_SUFFIXES = frozenset(("h", "m", "pl", "v", "cls", "inc", "pro", "t"))
TEXT_SUFFIXES = frozenset(("txt", "text", "md", "markdown", "mdown", "rst", "adoc", "asciidoc", "org", "tex"))

_CODE_NAMES = {
    "makefile": "makefile", "gnumakefile": "makefile", "dockerfile": "dockerfile", "containerfile": "dockerfile",
    "cmakelists.txt": "cmake", "rakefile": "ruby", "gemfile": "ruby", "vagrantfile": "ruby",
    "jenkinsfile": "groovy", "meson.build": "meson",
    "sconstruct": "python", "sconscript": "python",
}  # fmt: skip

_INTERPRETERS = {
    "python": "python", "pypy": "python", "node": "javascript", "nodejs": "javascript", "deno": "typescript",
    "sh": "shell", "bash": "shell", "dash": "shell", "ksh": "shell", "zsh": "shell", "ash": "shell",
    "fish": "fish", "perl": "perl", "raku": "raku", "ruby": "ruby", "php": "php", "lua": "lua",
    "tclsh": "tcl", "wish": "tcl", "expect": "tcl", "awk": "awk", "gawk": "awk", "rscript": "r", "julia": "julia",
    "groovy": "groovy", "scala": "scala", "runhaskell": "haskell", "guile": "scheme", "racket": "racket",
    "swipl": "prolog", "escript": "erlang", "elixir": "elixir", "make": "makefile", "pwsh": "powershell",
    "octave": "matlab", "ocaml": "ocaml", "node.js": "javascript",
}  # fmt: skip

_LOOKED_AT = 20_000

_CPP = re.compile(
    r"^[ \t]*(?:class\s+\w+[^;\n]*$|template\s*<|namespace\s+[\w:]*\s*\{?|using\s+(?:namespace\s+)?\w|public:|private:|"
    r"protected:|#\s*include\s*<(?:iostream|string|vector|map|memory|algorithm|cstd\w+)>)|\w::\w",
    re.MULTILINE,
)
_OBJECTIVE_C = re.compile(
    r"^[ \t]*(?:@(?:interface|implementation|protocol|property|end|class|import)\b|#import\b)", re.M
)
_MATHEMATICA = re.compile(
    r"\(\*|\w\[[^\]\n]{0,200}_\]?\s{0,9}:=|^[ \t]*(?:BeginPackage|Begin|Module)\[", re.M
)
_MERCURY = re.compile(r"^:- (?:module|interface|pred|func)\b", re.M)
_MATLAB = re.compile(r"^[ \t]*(?:function\b|%|end\s*$|for\s+\w+\s*=|if\s)|;[ \t]*$|\.\*", re.M)
_PROLOG = re.compile(r"^[ \t]*:-\s*\w|^\w+\([^)\n]*\)\s{0,9}(?::-|\.[ \t]*$)", re.M)
_RAKU = re.compile(r"^[ \t]*(?:use\s+v6\b|my\s+(?:Int|Str)\b|multi\s+sub\b)", re.M)
_PERL = re.compile(r"^[ \t]*(?:use\s+\w|my\s+[$@%(]|sub\s+\w+|package\s+\w|=head1)|[$@%]\w+\s{0,9}=", re.M)
_COQ = re.compile(r"^[ \t]*(?:Require\b|Theorem\b|Lemma\b|Definition\b|Proof\.|Inductive\b|Qed\.)", re.M)
_VERILOG = re.compile(r"^[ \t]*(?:module\s+\w+|`timescale|endmodule\b|always\s*@|wire\b|reg\b)", re.M)
_V = re.compile(r"^[ \t]*(?:fn\s+\w*|import\s+\w+\s*$|struct\s+\w+\s*\{|module\s+\w+\s*$)", re.M)
_TEX_CLASS = re.compile(r"\\(?:ProvidesClass|NeedsTeXFormat|def|newcommand)\b")
_APEX = re.compile(r"\b(?:public|private|global)\s+(?:\w+\s+){0,4}class\b", re.I)
_VISUAL_BASIC = re.compile(r"^(?:VERSION \d|Attribute VB_|Option Explicit)", re.M)
_PHP = re.compile(r"<\?php|<\?=")
_IDL = re.compile(r"^[ \t]*(?:pro|function|endfor|endif)\b", re.M | re.I)
_QMAKE = re.compile(r"^[ \t]*(?:QT|TEMPLATE|SOURCES|HEADERS|TARGET)\s*\+?=", re.M)

_BY_CONTENT = {
    "h": ((_OBJECTIVE_C, "objective-c"), (_CPP, "cpp"), (None, "c")),
    "m": (
        (_OBJECTIVE_C, "objective-c"),
        (_MERCURY, "mercury"),
        (_MATHEMATICA, "mathematica"),
        (_MATLAB, "matlab"),
    ),
    "pl": ((_RAKU, "raku"), (_PERL, "perl"), (_PROLOG, "prolog"), (None, "perl")),
    "t": ((_RAKU, "raku"), (_PERL, "perl")),
    "v": ((_COQ, "coq"), (_VERILOG, "verilog"), (_V, "v")),
    "cls": ((_TEX_CLASS, "tex"), (_VISUAL_BASIC, "visual-basic"), (_APEX, "apex")),
    "inc": ((_PHP, "php"), (_CPP, "cpp")),
    "pro": ((_QMAKE, "qmake"), (_PROLOG, "prolog"), (_IDL, "idl")),
}


def language_of_name(name: str) -> str | None:
    """The language that a file's name tells by itself; None where content must be asked."""
    last = name.rsplit("/", 1)[-1].lower()
    return _CODE_NAMES.get(last) or CODE_SUFFIXES.get(suffix_of(last))


def suffix_of(name: str) -> str:
    """What stands after the last dot of a name, lower case; empty where there is no dot."""
    return name.rsplit(".", 1)[-1].lower() if "." in name else ""


def is_code_name(name: str) -> bool:
    """Whether a name says that the file is code, in whatever language."""
    return language_of_name(name) is not None or suffix_of(name.rsplit("/", 1)[-1]) in AMBIGUOUS_SUFFIXES


def language_of(name: str, text: str) -> str | None:
    """The programming language of a file: by its name, else by its first line (`#!`), else, for suffixes that
    languages share, by what only one of them writes. None of what is no code, or can't be told."""
    known = language_of_name(name)
    if known is not None:
        return known
    head = text[:_LOOKED_AT]
    called = _interpreter(head)
    if called is not None:
        return called
    for pattern, language in _BY_CONTENT.get(suffix_of(name.rsplit("/", 1)[-1]), ()):
        if pattern is None or pattern.search(head):
            return language
    return None


def _interpreter(head: str) -> str | None:
    """The language of a `#!` line: `#!/usr/bin/env -S python3.11 -u` is python."""
    if not head.startswith("#!"):
        return None
    words = head[2:200].split("\n", 1)[0].split()
    programs = [word.rsplit("/", 1)[-1] for word in words if not word.startswith("-") and "=" not in word]
    if programs[:1] == ["env"]:
        programs = programs[1:]
    if not programs:
        return None
    return _INTERPRETERS.get(programs[0].lower().rstrip("0123456789.-"))
