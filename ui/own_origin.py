"""Keeps every page to its own server: pictures, fonts and connections from elsewhere are refused by the browser.

Streamlit asks a foreign host for the picture of a page's icon in the browser's tab before our own picture replaces it.
"""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "img-src 'self' data: blob:; font-src 'self' data:; media-src 'self' data: blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'"
)


class OwnOrigin:
    """ASGI middleware that adds the policy to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["content-security-policy"] = POLICY
                headers["x-content-type-options"] = "nosniff"
                headers["referrer-policy"] = "same-origin"
            await send(message)

        await self.app(scope, receive, with_policy if scope["type"] == "http" else send)
