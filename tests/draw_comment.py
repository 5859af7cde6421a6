"""Draws a comment on a pull request as GitHub shows it: Markdown from stdin, a picture to the path that is the first argument.

Knows the Markdown that `batchwright diff --format markdown` writes: headings, lists, tables, fences, `code`, and details. Chromium draws it.
"""

import html
import re
import subprocess
import sys
import tempfile
from pathlib import Path

STYLE = """
body { font: 14px/1.5 -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; color: #1f2328; margin: 24px; width: 880px; }
.comment { border: 1px solid #d0d7de; border-radius: 6px; } .head { background: #f6f8fa; border-bottom: 1px solid #d0d7de; padding: 8px 16px; color: #59636e; }
.body { padding: 8px 16px 12px; } code { background: #eff1f3; border-radius: 6px; padding: 2px 5px; font: 12px/1.45 "DejaVu Sans Mono", monospace; }
pre { background: #f6f8fa; border-radius: 6px; padding: 12px; margin: 8px 0; overflow: hidden; } pre code { background: none; padding: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
ins { display: block; background: #dafbe1; text-decoration: none; } del { display: block; background: #ffebe9; text-decoration: none; }
table { border-collapse: collapse; } th, td { border: 1px solid #d0d7de; padding: 4px 12px; } h2, h3, h4 { margin: 14px 0 6px; } ul { margin: 4px 0; padding-left: 26px; }
"""


def inline(text):
    parts = re.split(r"(`+[^`]+`+)", text)
    for index, part in enumerate(parts):
        if index % 2:
            parts[index] = f"<code>{html.escape(part.strip('`'))}</code>"
        else:
            part = re.sub(r"\\([`*_<>|\[\]#\\])", lambda found: html.escape(found[1]), part)
            parts[index] = re.sub(r"\*\*(.+?)\*\*|_(.+?)_(?!\w)", lambda found: f"<b>{found[1]}</b>" if found[1] else f"<i>{found[2]}</i>", part)
    return "".join(parts)


def fence(lines):
    tags = {"+": "ins", "-": "del"}
    drawn = ""
    for line in lines:
        tag = tags.get(line[:1])
        drawn += f"<{tag}>{html.escape(line)}</{tag}>" if tag else html.escape(line) + "\n"
    return f"<pre><code>{drawn}</code></pre>"


def convert(markdown):
    lines, out = markdown.splitlines(), []
    while lines:
        line = lines.pop(0)
        if match := re.match(r"(`{3,})", line):
            body = []
            while lines and not lines[0].startswith(match[1]):
                body.append(lines.pop(0))
            lines = lines[1:]
            out.append(fence(body))
        elif match := re.match(r"(#+) (.*)", line):
            out.append(f"<h{len(match[1])}>{inline(match[2])}</h{len(match[1])}>")
        elif line.startswith("|"):
            rows = [line]
            while lines and lines[0].startswith("|"):
                rows.append(lines.pop(0))
            cells = [[inline(cell.strip()) for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows if not re.fullmatch(r"[|:-]+", row)]
            out.append("<table>" + "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in cells) + "</table>")
        elif line.startswith("- "):
            items = [line[2:]]
            while lines and lines[0].startswith("- "):
                items.append(lines.pop(0)[2:])
            out.append("<ul>" + "".join(f"<li>{inline(item)}</li>" for item in items) + "</ul>")
        elif line.startswith(("<details", "</details", "<!--")):
            # A picture shows what a reader would open.
            out.append(line.replace("<details>", "<details open>"))
        elif line.strip():
            out.append(f"<p>{inline(line)}</p>")
    return "\n".join(out)


comment = f'<div class="comment"><div class="head"><b>github-actions</b> commented</div><div class="body">{convert(sys.stdin.read())}</div></div>'
with tempfile.TemporaryDirectory() as folder:
    page = Path(folder, "comment.html")
    page.write_text(f"<!doctype html><meta charset=utf-8><style>{STYLE}</style>{comment}")
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={folder}/profile", "--window-size=930,600"]
    subprocess.run(["chromium", *options, f"--screenshot={sys.argv[1]}", page.as_uri()], check=True, capture_output=True)
