"""Serve the page: on this machine only, or to others who know the token."""
# Coverage: what serves and ends a page runs in the browser tests only (`make test-browser`).

from __future__ import annotations

import hmac
import ipaddress
import secrets
import socket
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from typing import Any, Final
from urllib.parse import urlencode

import xarray as xr
from bokeh.application import Application
from bokeh.application.handlers import FunctionHandler
from bokeh.document import Document
from bokeh.server.server import Server
from bokeh.server.util import bind_sockets
from bokeh.server.views.ws import WSHandler
from tornado.httputil import HTTPServerRequest
from tornado.routing import Matcher, Rule
from tornado.web import RequestHandler, StaticFileHandler

from analysis.dashboard.briefings import Briefings
from analysis.dashboard.indicators import district_indicators, indicators
from analysis.dashboard.live_ensemble import LiveEnsemble
from analysis.dashboard.page import FONT_FILE, Page
from analysis.dashboard.session import SharedEnsemble
from analysis.dashboard.state import from_query
from analysis.dashboard.words import say
from analysis.outcome.words import screen_text
from calibration.fit.evidence import Evidence
from model.engine import CompiledModel
from scenarios import Scenario, Target

COOKIE: Final = "urbanization-token"
#: Bytes of randomness in a token.
TOKEN_BYTES: Final = 18
#: Bytes of a message from the page, which is at most an uploaded file, and of a form.
MOST_MESSAGE: Final = 1_000_000
MOST_FORM: Final = 10_000


@dataclass(frozen=True)
class Served:
    """What a page of one ensemble is made of."""

    shared: SharedEnsemble
    #: The manifest that all its results share.
    facts: Mapping[str, str]
    briefings: Briefings


@dataclass(frozen=True)
class Site:
    """A server that listens, and the token it asks for (None where only this machine can reach it)."""

    server: Any
    host: str
    port: int
    token: str | None

    def words(self) -> list[str]:
        """What to tell whoever started it.

        Examples
        --------
        >>> Site(None, "127.0.0.1", 5006, None).words()
        ['请用浏览器打开 http://127.0.0.1:5006/ ；按 Ctrl-C 结束。']
        """
        # Nobody can open the address that stands for all of a machine's addresses.
        host = socket.gethostname() if self.host in ("0.0.0.0", "::", "") else self.host
        link = f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"
        if self.token is None:
            return [screen_text("page open", link=link)]
        return [
            screen_text("page reached", host=self.host),
            screen_text("page token", link=f"{link}?{urlencode({'token': self.token})}"),
        ]

    def run(self) -> None:
        """Serve until interrupted."""
        self.server.start()
        with suppress(KeyboardInterrupt):
            self.server.io_loop.start()
        self.server.stop()


def _is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def make_shared_ensemble(
    model: CompiledModel,
    members: xr.Dataset,
    targets: Iterable[Target],
    ready: Iterable[Scenario],
    progress: Callable[[int, int], None],
) -> SharedEnsemble:
    """Make everything ready that all pages share, and run the scenarios that pages begin with.

    `progress` is called with how many of these are done, and of how many.
    """
    shown = [*indicators(list(targets)), *district_indicators()]
    shared = SharedEnsemble(LiveEnsemble(model, members, shown))
    wanted = list(ready)
    for done, scenario in enumerate(wanted, 1):
        shared.keep(shared.live.complete(scenario))
        progress(done, len(wanted))
    return shared


def free_port(host: str, port: int) -> int:
    """Return a port that can be listened on, for 0 one that is free; an `OSError` says why one cannot.

    Examples
    --------
    >>> free_port("127.0.0.1", 0) > 0
    True
    """
    try:
        sockets, bound = bind_sockets(host, port)
    except OSError as error:
        message = f"{host}, port {port}, cannot be listened on: {error.strerror}. Choose others with --host and --port."
        raise OSError(message) from None
    for listening in sockets:
        listening.close()
    return int(bound)


def site(
    ensembles: Mapping[Evidence, Served], targets: Iterable[Target], host: str, port: int, token: str | None = None
) -> Site:
    """Make the server of the page; where others can reach it, it asks for the token, or for one that it makes up.

    A page is of the ensemble that its address asks for, else of the first.
    """
    everything = list(targets)

    def fill(document: Document) -> None:
        arguments = document.session_context.request.arguments if document.session_context is not None else {}
        query = urlencode([(key, values[0]) for key, values in arguments.items() if values])
        asked = from_query(query)[0].evidence
        seen = asked if asked is not None and asked in ensembles else next(iter(ensembles))
        of = ensembles[seen]
        others = tuple(one for one in ensembles if one != seen)
        Page(of.shared, everything, of.facts, query, of.briefings, others).fill(document)

    server = Server(
        {"/": Application(FunctionHandler(fill))},
        port=port,
        address=host,
        allow_websocket_origin=_origins(host, port),
        extra_patterns=[(r"/fonts/(.*)", StaticFileHandler, {"path": str(FONT_FILE.parent)})],
        websocket_max_message_size=MOST_MESSAGE,
        http_server_kwargs={"max_body_size": MOST_FORM},
    )
    server._tornado.add_handlers(r".*", [Rule(_OfAnotherSite(), _Refused)])
    asked = None if _is_loopback(host) else token or secrets.token_urlsafe(TOKEN_BYTES)
    if asked is not None:
        server._tornado.add_handlers(r".*", [Rule(_WithoutToken(asked), _Gate, {"token": asked})])
    socket = {"application_context": server._tornado._applications["/"], "bokeh_websocket_path": "/ws"}
    server._tornado.add_handlers(r".*", [("/ws", _Socket, socket)])
    return Site(server, host, port, asked)


class _Socket(WSHandler):  # type: ignore[misc]
    """The connection of one page, which may lose its session before it closes."""

    def on_close(self) -> None:
        """Leave in silence where the session has gone first, as when the server ends while pages are open."""
        if self.connection is not None and self.connection._session is None:
            self.application.client_lost(self.connection)
        else:
            super().on_close()


def _origins(host: str, port: int) -> list[str]:
    if _is_loopback(host):
        return [f"{name}:{port}" for name in dict.fromkeys((host, "127.0.0.1", "localhost"))]
    # A machine has many names on a network. Pages of other sites cannot connect: browsers keep the cookie from them.
    return ["*"]


class _OfAnotherSite(Matcher):
    """Matches what a page of another site has a browser fetch, and the script by which one would embed this page.

    Either would start the work of a page that nobody looks at. A link on another site may still be followed.
    """

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        asked = {key: request.headers.get(f"Sec-Fetch-{key}") for key in ("Site", "Mode", "Dest")}
        followed = asked["Mode"] == "navigate" and asked["Dest"] == "document"
        foreign = asked["Site"] not in (None, "none", "same-origin") and not followed
        return {} if foreign or request.path.rstrip("/").endswith("/autoload.js") else None


class _Refused(RequestHandler):
    """Says no at once."""

    def prepare(self) -> None:
        self.set_status(403)
        self.finish("This page cannot be embedded in another.")


class _WithoutToken(Matcher):
    """Matches every request, of whatever path, that does not carry the token's cookie."""

    def __init__(self, token: str) -> None:
        self._token = token

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        cookie = request.cookies.get(COOKIE)
        return None if cookie is not None and _same(cookie.value, self._token) else {}


class _Gate(RequestHandler):
    """Asks for the token, says why, and remembers it in a cookie."""

    def initialize(self, token: str) -> None:
        self._token = token

    def get(self) -> None:
        self._answer(self.get_query_argument("token", None))

    def post(self) -> None:
        self._answer(self.get_body_argument("token", ""))

    def check_xsrf_cookie(self) -> None:
        """Nothing is changed by this form but the sender's own cookie."""

    def _answer(self, given: str | None) -> None:
        """Let in whoever knows the token; ask all others for it."""
        if given is not None and _same(given, self._token):
            self.set_cookie(COOKIE, self._token, httponly=True, samesite="Strict")
            rest = [(key, values[0]) for key, values in self.request.query_arguments.items() if key != "token"]
            self.redirect("/" + (f"?{urlencode(rest)}" if rest else ""))
        else:
            self._ask(wrong=given is not None)

    def _ask(self, *, wrong: bool) -> None:
        self.set_status(403)
        parts = []
        for language, lang in (("zh", "zh-CN"), ("en", "en")):
            title, why, mistake = (escape(say(f"token {part}", language)) for part in ("title", "why", "wrong"))
            error = f'<p role="alert" style="color: #b00020">{mistake}</p>' if wrong else ""
            parts.append(f'<div lang="{lang}"><h1>{title}</h1><p>{why}</p>{error}</div>')
        label = f"{say('token', 'zh')} / {say('token', 'en')}"
        form = (
            f'<form method="post"><label>{label} <input name="token" type="password" autofocus></label> '
            f"<button>{say('enter', 'zh')} / {say('enter', 'en')}</button></form>"
        )
        style = "body { font-family: sans-serif; max-width: 42em; margin: 3em auto; padding: 0 1em }"
        self.finish(
            f"<!DOCTYPE html><meta charset=utf-8><title>{label}</title><style>{style}</style>{''.join(parts)}{form}"
        )


def _same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(), token.encode())
