"""The triggers and conditions: code, forms, texts, and icons have the same ones with the same fields."""

from types import ModuleType

from homeassistant.util.yaml import load_yaml_dict
import pytest

from custom_components.enphase_secctrl import condition, trigger

from .checks.files import ROOT, integration_folder, read_json

FOLDER = integration_folder(ROOT)


@pytest.mark.parametrize(
    ("module", "kind"), [(trigger, "trigger"), (condition, "condition")], ids=["triggers", "conditions"]
)
def test_names_and_fields(module: ModuleType, kind: str) -> None:
    """Each has a form, a name and description, an icon, and a name for each field of its form."""
    section = f"{kind}s"
    forms = {
        name: form for name, form in load_yaml_dict(FOLDER / f"{section}.yaml").items() if not name.startswith(".")
    }
    texts = read_json(FOLDER / "translations" / "en.json")[section]
    assert getattr(module, section.upper()).keys() == forms.keys() == texts.keys()
    for name, form in forms.items():
        assert form.get("fields", {}).keys() == texts[name].get("fields", {}).keys(), name
        assert {"name", "description"} <= texts[name].keys()
        assert form["target"]["entity"] == [
            {"integration": "enphase_secctrl", "domain": "sensor", "device_class": "battery"}
        ]
    icons = read_json(FOLDER / "icons.json")[section]
    assert {name: [*icon] for name, icon in icons.items()} == {name: [kind] for name in forms}
