# Copyright (c) 2026 the tallyfy.platform authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of Sphinx. ``python -m docs.site`` prepares the pages and runs Sphinx with it."""

from __future__ import annotations

project = "tallyfy.platform"
author = "the tallyfy.platform authors"
copyright = f"2026 {author}"  # noqa: A001 - the name that Sphinx reads
language = "en"
extensions = ["sphinx_antsibull_ext", "sphinx_copybutton", "docs.site.references", "docs.site.rendering"]

# References without a role, in pages of antsibull-docs.
default_role = "any"
highlight_language = "YAML+Jinja"
smartquotes = False

# A command of several lines in quotes is more than the lexer of consoles knows.
suppress_warnings = ["misc.highlighting_failure"]

# What is copied of a console is the commands.
copybutton_prompt_text = "$ "
copybutton_line_continuation_character = "\\"

html_theme = "furo"
html_title = project
html_baseurl = "https://tallyfy.github.io/ansible-platform/"
html_favicon = "static/favicon.svg"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = [("folds.js", {"defer": "defer"})]
html_show_sphinx = False
html_show_sourcelink = False
html_copy_source = False
html_use_index = False
html_domain_indices = False
html_theme_options = {"top_of_page_buttons": ["edit"]}
# Its colours are in site.css, which knows the dark mode of the theme.
antsibull_ext_color_scheme = "none"
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
