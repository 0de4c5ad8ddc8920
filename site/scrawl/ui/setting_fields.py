"""Fields for settings: each shows its setting's value unless the person is at it, and whether it can be used."""

from browser import document

from scrawl.state import settings
from scrawl.ui.dom import set_attribute, set_flag


class SettingFields:
    """Owns the `fields`, setting → input or select element."""

    def __init__(self, fields: dict) -> None:
        self.fields = fields
        self._shown: dict = {}  # setting → the value that its field has been given
        self._layers: object = None  # of the network whose limits the fields have
        self._rendered: tuple = (None, None, None)

    def render(self, state: object) -> None:
        """Show values, limits and what is wrong."""
        layers = state.layers()
        rendered = (layers, state.settings, state.invalid)
        if all(now is before for now, before in zip(rendered, self._rendered, strict=True)):
            return
        self._rendered = rendered
        if layers is not self._layers:
            self._layers = layers
            self._shown = {}
            limits = settings.limits_for(layers)
            for name, field in self.fields.items():
                if name in limits:
                    set_attribute(field, "max", str(limits[name][1]))
        for name, field in self.fields.items():
            set_attribute(field, "aria-invalid", "true" if name in state.invalid else "false")
            value = state.settings[name]
            if name not in state.invalid and self._shown.get(name) != value:
                self._shown[name] = value
                self._show(name, field, value)

    def _show(self, name: str, field: object, value: object) -> None:
        if settings.SETTINGS[name].kind == "switch":
            set_flag(field, "checked", value)
        elif field.tagName == "SELECT" or document.activeElement != field:
            field.value = settings.text_of(name, value)


def text_in(name: str, field: object) -> str:
    """Return what a field says, as `presets.check_setting` wants it."""
    if settings.SETTINGS[name].kind == "switch":
        return "on" if field.checked else "off"
    return field.value
