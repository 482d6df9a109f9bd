"""The search of the site, as a reader uses it, and what readers ask."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from handbook.browser import Page

QUESTIONS = {
    "hot reload": "watch.html",
    "debugger": "watch.html",
    "first plugin": "tutorials/first-plugin.html",
    "create a plugin": "reference/commands.html templates.html tutorials/first-plugin.html",
    "provider plugin": "tutorials/provider.html",
    "broadcast": "tutorials/talking.html reference/api/messages.html",
    "test a plugin": "testing.html",
    "unknown key": "mending.html rules/LA103.html",
    "LA103": "rules/LA103.html",
    "publish": "publishing.html",
    "ask a language model": "providers.html",
    "environment variable": "settings.html reference/home.html",
    "time limit": "reference/home.html",
    "slow command": "debugging.html",
    "install from git": "installing.html",
    "undo installation": "installing.html",
    "plugin not loaded": "reference/commands.html debugging.html",
    "exit codes": "reference/commands.html",
    "store data": "storage.html",
    "log file": "logging.html",
    "retry agents": "workflows.html",
    "table in the terminal": "ui.html",
    "register_commands": "reference/api/plugins.html",
    "FakeProvider": "testing.html reference/api/testing.html",
}
"""By question the pages that have the answer; one of them is to be among the first three that are found."""

_OPEN = """(async () => {
  document.querySelector('.md-search__button').click();
  for (let tries = 0; tries < 100; tries++) {
    const host = [...document.querySelectorAll('*')].find(e => e.shadowRoot?.querySelector('[role=combobox]'));
    if (host) { window.searched = host.shadowRoot; return true; }
    await new Promise(done => setTimeout(done, 50));
  }
  return false;
})()"""
_ASK = """(async (question, seconds) => {
  const field = window.searched.querySelector('[role=combobox]');
  const found = () => [...window.searched.querySelectorAll('[role=listbox] a')].map(a => a.href);
  const type = text => {
    field.value = text;
    field.dispatchEvent(new InputEvent('input', {bubbles: true, composed: true}));
  };
  const waitFor = async (wanted, until = performance.now() + 1000 * seconds) => {
    while (!wanted() && performance.now() < until) await new Promise(done => setTimeout(done, 20));
  };
  // What was found before stays in sight until there is something new.
  type('');
  await waitFor(() => !found().length);
  type(question);
  await waitFor(() => found().length);
  return found();
})"""
_PATIENCE = 5
"""Seconds after which nothing will be found any more."""


class Search:
    """The search dialog of a page that is open."""

    def __init__(self, page: Page, address: str) -> None:
        self._page = page
        self._address = address
        page.visit(address + "index.html")
        page.evaluate(_OPEN)

    def ask(self, question: str) -> list[str]:
        """The pages that are found, the best first."""
        links: list[str] = self._page.evaluate(f"{_ASK}({json.dumps(question)}, {_PATIENCE})")
        return list(dict.fromkeys(urlsplit(link).path.lstrip("/") for link in links))
