"""How the pages become a site: `nox -s docs`."""

from cwvae import __version__

project = "cwvae"
author = "The cwvae developers"
release = __version__

extensions = ["myst_parser", "sphinx_copybutton"]
# Links to headings, as the pages have them where they are read without the site.
myst_heading_anchors = 4
html_theme = "furo"
html_title = f"cwvae {release}"
html_show_sourcelink = False
