"""Fields for settings: each shows its setting's value, unless the person is typing in it, and whether it is valid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser import document

from scrawl.state import settings
from scrawl.ui.dom import set_attribute, set_flag

if TYPE_CHECKING:
    from typing import Any

    from browser import Element

    from scrawl.state.app_state import State


class SettingFields:
    """Owns the `fields`, setting → input or select element."""

    def __init__(self, fields: dict[str, Element]) -> None:
        self.fields = fields
        self._shown: dict[str, Any] = {}  # setting → the value that its field has been given
        self._layers: list[Any] | None = None  # of the network whose limits the fields have
        self._rendered: tuple[object, ...] = (None, None, None)

    def render(self, state: State) -> None:
        """Show values, limits and what is wrong."""
        layers = state.layers()
        rendered = (layers, state.settings, state.invalid)
        if all(now is before for now, before in zip(rendered, self._rendered, strict=True)):
            return
        self._rendered = rendered
        values: dict[str, Any] = {**state.settings}
        if layers is not self._layers:
            self._layers = layers
            self._shown = {}
            limits = settings.limits_for(layers)
            for name, field in self.fields.items():
                if name in limits:
                    set_attribute(field, "max", str(limits[name][1]))
        for name, field in self.fields.items():
            set_attribute(field, "aria-invalid", "true" if name in state.invalid else "false")
            value = values[name]
            if name not in state.invalid and self._shown.get(name) != value:
                self._shown[name] = value
                self._show(name, field, value)

    def _show(self, name: str, field: Element, value: Any) -> None:
        if settings.SETTINGS[name].kind == "switch":
            set_flag(field, "checked", value)
        elif field.tagName == "SELECT" or document.activeElement != field:
            field.value = settings.text_of(name, value)


def text_in(name: str, field: Element) -> str:
    """Return what a field says, as `settings.check_setting` takes it."""
    if settings.SETTINGS[name].kind == "switch":
        return "on" if field.checked else "off"
    return field.value
