"""Has a page and its worker believe that this device has eight cores, whatever it has."""

from playwright.sync_api import Page, Route

EIGHT = "Object.defineProperty(navigator, 'hardwareConcurrency', { get: () => 8 })\n"


def give_eight_cores(page: Page, more: str = "") -> None:
    """Have the worker's script start with that; `more` is JavaScript that follows it."""

    def answer(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, body=EIGHT + more + response.text())

    page.route("**/worker.js", answer)
