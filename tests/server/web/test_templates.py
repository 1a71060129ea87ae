"""What holds for every template and every script, whoever wrote it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from multichat_server import web

FOLDER = Path(web.__file__).parent
TEMPLATES = sorted((FOLDER / "templates").rglob("*.html"))
SCRIPTS = sorted((FOLDER / "static").rglob("*.js"))

POST_FORM = re.compile(
    r"<form\b[^>]*method=[\"']?post[^>]*>(.*?)</form>", re.DOTALL | re.IGNORECASE
)
TOKEN = re.compile(r"csrf\(|\{\{ token_field \}\}")

# How a text becomes markup or code, in a script.
DANGEROUS = re.compile(
    r"\b(?:innerHTML|outerHTML|insertAdjacentHTML|createContextualFragment|setHTMLUnsafe|srcdoc|"
    r"document\.write|eval|Function|javascript:)|set(?:Timeout|Interval)\(\s*[\"'`]"
)


def named(path: Path) -> str:
    return str(path.relative_to(FOLDER))


def forms_without_token(text: str) -> list[str]:
    return [form for form in POST_FORM.findall(text) if not TOKEN.search(form)]


def inline(text: str) -> list[str]:
    """Return what the policy would not let run or apply."""
    return re.findall(
        r"<style\b|<script\b(?![^>]*\bsrc=)[^>]*>|\sstyle=|\son[a-z]+=|javascript:", text
    )


def foreign(text: str) -> list[str]:
    return re.findall(r"(?:src|href|action)=[\"']?(?:https?:)?//", text)


def unsafe(text: str) -> list[str]:
    return re.findall(r"\|\s*safe\b|autoescape|Markup\(", text)


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
@pytest.mark.parametrize("fault", [forms_without_token, inline, foreign, unsafe])
def test_a_template_has_no(fault: Callable[[str], list[str]], path: Path) -> None:
    assert fault(path.read_text()) == []


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (forms_without_token, '<form action="/x" method="post"><input name="a"></form>'),
        (forms_without_token, "<form method=POST>\n</form>"),
        (inline, "<script>x()</script>"),
        (inline, '<script type="module">x()</script>'),
        (inline, '<p style="color: red">'),
        (inline, '<p onclick="x()">'),
        (inline, '<a href="javascript:x()">'),
        (foreign, '<script src="https://cdn.example/x.js">'),
        (foreign, '<a href="//cdn.example/">'),
        (unsafe, "{{ title|safe }}"),
        (unsafe, "{% autoescape false %}"),
    ],
    ids=range(11),
)
def test_each_fault_would_be_seen(fault: Callable[[str], list[str]], text: str) -> None:
    assert fault(text) != []


def test_what_is_right_is_no_fault() -> None:
    text = (
        '<form method="post">{{ csrf(token_field, token) }}</form><form method="get"></form>'
        '<script type="module" src="/static/chat/main.js"></script>'
    )

    assert [fault(text) for fault in (forms_without_token, inline, foreign, unsafe)] == [[]] * 4


def faults_of_a_script(text: str) -> list[str]:
    code = re.sub(r"/\*.*?\*/|(?<!:)//[^\n]*", "", text, flags=re.DOTALL)
    imports = re.findall(r"\bfrom\s+[\"']([^\"']+)|\bimport\s*\(?\s*[\"']([^\"']+)", code)
    elsewhere = [name for pair in imports for name in pair if name and not name.startswith("./")]
    return DANGEROUS.findall(code) + elsewhere


def test_scripts_make_no_markup_of_text() -> None:
    """And need no module of others."""
    faults = {named(path): faults_of_a_script(path.read_text()) for path in SCRIPTS}

    assert {name: found for name, found in faults.items() if found} == {}


@pytest.mark.parametrize(
    "text",
    [
        "a.innerHTML = b",
        "document.write(b)",
        "eval(b)",
        'setTimeout("x()", 1)',
        'import x from "https://cdn.example/x.js"',
        'import x from "jquery"',
    ],
)
def test_each_fault_of_a_script_would_be_seen(text: str) -> None:
    assert faults_of_a_script(text) != []


def test_what_is_right_in_a_script_is_no_fault() -> None:
    assert (
        faults_of_a_script('import { a } from "./b.js"; // no innerHTML\nc.textContent = a;') == []
    )
