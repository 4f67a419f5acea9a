"""How the pages become a site: `nox -s docs`."""

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

from cwvae import __version__

project = "cwvae"
author = "The cwvae developers"
release = __version__

extensions = ["myst_parser", "sphinx_copybutton"]
myst_enable_extensions = ["dollarmath"]
# A price or a shell variable is no formula.
myst_dmath_allow_space = False
myst_dmath_allow_digits = False
# Two hyphens begin an option.
smartquotes = False
# Links to headings, as the pages have them where they are read without the site.
myst_heading_anchors = 4
html_theme = "furo"
html_title = f"cwvae {release}"
html_show_sourcelink = False
# Formulas are MathML, which browsers know: no script, and nothing to be fetched.
html_math_renderer = "mathml"


def _inline(writer: HTML5Translator, node: nodes.Element) -> None:
    """Write a formula within a line."""
    writer.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def _block(writer: HTML5Translator, node: nodes.Element) -> None:
    """Write a formula in a line of its own, which scrolls where it is too wide."""
    formula = tex2mathml(node.astext(), as_block=True)
    writer.body.append(f'<div class="math" style="overflow-x: auto">{formula}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Register how formulas are written."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
