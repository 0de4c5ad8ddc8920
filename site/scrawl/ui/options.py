"""More to set about training, its pace, its way through the epoch, and how fast others are."""


def begin(parts: object) -> None:
    """Add them to the page, in the training card."""
    # Here, since the second bundle's pure modules are tested without a browser.
    from scrawl.ui.options_view import OptionsView

    parts.page.views.append(OptionsView(parts.page))
    parts.page.show()
