"""Mermaid comes with the site: a reader's network may reach no CDN."""

from pathlib import Path

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File
from mkdocs.utils import get_relative_url

LIBRARY = Path(__file__).parent.parent / "node_modules/@mermaid-js/tiny/dist/mermaid.tiny.js"
PATH = "assets/mermaid.js"


def on_files(files, config):
    if not LIBRARY.exists():
        raise PluginError(f"{LIBRARY} is missing: run `npm ci` first")
    files.append(File.generated(config, PATH, abs_src_path=str(LIBRARY)))
    return files


def on_post_page(output, page, config):
    if 'class="mermaid"' not in output:
        return output
    # Before the theme's own script, which takes the library that is there and fetches one only when there is none.
    before, theme, after = output.rpartition("<script src=")
    return f'{before}<script src="{get_relative_url(PATH, page.url)}"></script>{theme}{after}'
