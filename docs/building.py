"""What MkDocs does not do by itself, so that the site is whole without a network (see mkdocs.yml).

Pages that stand elsewhere in the repository join the site, formulas and diagrams are drawn from what ships with the
project, and what the theme would fetch from outside is replaced.
"""

from __future__ import annotations

import gzip
import io
import json
import re
from html import escape
from pathlib import Path
from typing import Any

from matplotlib import mathtext, rc_context
from matplotlib.font_manager import FontProperties
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
#: Pages of the site that stand elsewhere, as the repository shows them there.
ELSEWHERE = {
    "index.md": "README.md",
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
    "equivalence.md": "benchmarks/equivalence.md",
    "live_page.md": "benchmarks/live_page.md",
}
#: Files that these pages link to.
LINKED = {
    "LICENSE": "LICENSE.txt",
    "CITATION.cff": "CITATION.txt",
    "THIRD_PARTY_NOTICES.md": "THIRD_PARTY_NOTICES.txt",
}
#: Mermaid 11.17.2 in its small form, from the package @mermaid-js/tiny (MIT licence).
DIAGRAMS = "assets/mermaid.tiny.js"
#: What the theme's script would fetch, if it were missing.
FETCHED = re.compile(r"https://unpkg\.com/[\w./@-]+")
FORMULA_SIZE = 15
CHINESE = "[\u4e00-\u9fff]"
#: Search knows words by what stands between them; without a dictionary every character is one.
BETWEEN_CHINESE, NO_SPACE = re.compile(f"(?<={CHINESE})(?={CHINESE})"), "\u200b"
#: A line that ends in Chinese and goes on in Chinese: elsewhere the end of a line is a space.
BROKEN_LINE = re.compile("(?<=[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef”])\n(?:> | +)?(?=[\u4e00-\u9fff“（《])")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Draw the blocks marked ``math`` and ``mermaid``."""
    config.mdx_configs.setdefault("pymdownx.superfences", {})["custom_fences"] = [
        {"name": "math", "class": "formula", "format": formula},
        {"name": "mermaid", "class": "mermaid", "format": diagram},
    ]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages and files that stand elsewhere."""
    for name, place in ELSEWHERE.items():
        files.append(File.generated(config, name, content=at_home((ROOT / place).read_text(encoding="utf-8"))))
    for place, name in LINKED.items():
        files.append(File.generated(config, name, content=(ROOT / place).read_text(encoding="utf-8")))
    unpacked = gzip.decompress((ROOT / "docs" / f"{DIAGRAMS}.gz").read_bytes())
    files.append(File.generated(config, DIAGRAMS, content=unpacked))
    return files


def at_home(text: str, up: str = "") -> str:
    """A page of the repository with the links that it has on the site; `up` leads from its folder to the root.

    Examples
    --------
    >>> at_home("[data](docs/data.md#mortality), [how to cite](CITATION.cff)")
    '[data](data.md#mortality), [how to cite](CITATION.txt)'
    """
    moved = {place: name for name, place in ELSEWHERE.items()} | LINKED
    for place, name in moved.items():
        text = re.sub(rf"\]\({re.escape(up + place)}(?=[)#])", f"]({name}", text)
    return text if up else text.replace("](docs/", "](")


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let pages of this folder lead to those that stand elsewhere; join lines of Chinese."""
    return BROKEN_LINE.sub("", at_home(markdown, "../"))


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Hand the pages with diagrams what draws them."""
    if 'class="mermaid"' not in output:
        return output
    depth = "../" * page.url.count("/")
    return output.replace("</head>", f'<script src="{depth}{DIAGRAMS}"></script></head>')


def on_post_build(config: MkDocsConfig) -> None:
    """Make Chinese words findable; take out addresses from which the theme would fetch what the site holds already."""
    index = Path(config.site_dir, "search", "search_index.json")
    found = json.loads(index.read_text(encoding="utf-8"))
    for part in found["docs"]:
        part.update({key: BETWEEN_CHINESE.sub(NO_SPACE, part[key]) for key in ("title", "text")})
    index.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
    for script in Path(config.site_dir, "assets", "javascripts").glob("bundle.*.min.js"):
        script.write_text(FETCHED.sub("about:blank", script.read_text(encoding="utf-8")), encoding="utf-8")


def formula(source: str, *_: Any, **__: Any) -> str:
    """A formula as a drawing, whose description is the text it is made from."""
    drawn = io.StringIO()
    with rc_context({"svg.fonttype": "path", "svg.hashsalt": source, "mathtext.fontset": "stix"}):
        size = FontProperties(size=FORMULA_SIZE)
        mathtext.math_to_image(f"${' '.join(source.split())}$", drawn, prop=size, format="svg")
    # Without the date of drawing, so that the same text gives the same page.
    shape = re.sub(r"^.*?(?=<svg)|<metadata>.*?</metadata>", "", drawn.getvalue(), flags=re.DOTALL)
    return f'<div class="formula" role="img" aria-label="{escape(source.strip())}">{shape}</div>'


def diagram(source: str, *_: Any, **__: Any) -> str:
    """The text of a diagram, for the script that draws it."""
    return f'<div class="diagram"><pre class="mermaid"><code>{escape(source)}</code></pre></div>'
