"""For each check, edits that violate it, and a part of the message that the check then yields."""

from typing import Final

from .checks import Check, code, manifest, project_files, translations, workflows
from .edits import (
    Edit,
    combine,
    delete_file,
    edit_english,
    edit_german,
    edit_json,
    edit_manifest,
    integration_file,
    rename_file,
    replace_text,
    write_file,
    write_image,
)

ISSUE_FORM, ISSUE_CONFIG = (f".github/ISSUE_TEMPLATE/{name}.yml" for name in ("bug", "config"))
CI, VALIDATE = (f".github/workflows/{name}.yaml" for name in ("ci", "validate"))
MANIFEST, ICONS, INIT, SENSOR, CONFIG_FLOW = (
    integration_file(name) for name in ("manifest.json", "icons.json", "__init__.py", "sensor.py", "config_flow.py")
)


def _add_line(line: str) -> Edit:
    """Add a line to sensor.py."""
    return replace_text(SENSOR, "^PARALLEL", f"{line}\n\nPARALLEL")


VIOLATIONS: Final[list[tuple[Check, str, Edit]]] = [
    (manifest.keys, "unknown key homepage", edit_manifest(homepage="https://example.com")),
    (manifest.keys, "has no issue_tracker", edit_manifest(issue_tracker=None)),
    (manifest.keys, "has no version", edit_manifest(version=None)),
    (manifest.keys, "has a quality_scale", edit_manifest(quality_scale="platinum")),
    (manifest.key_order, "order of the keys", edit_json(MANIFEST, dependencies=["http"])),
    (manifest.domain, "secctrl isn't the name of the folder", edit_manifest(domain="secctrl")),
    (manifest.domain, "enphase_envoy is the one of a core integration", edit_manifest(domain="enphase_envoy")),
    (manifest.code_owners, "somebody isn't an @account", edit_manifest(codeowners=["somebody"])),
    (manifest.code_owners, "no code owner", edit_manifest(codeowners=[])),
    (manifest.values, "version v1 isn't", edit_manifest(version="v1")),
    (manifest.values, "version 2026.9 isn't", edit_manifest(version="2026.9")),
    (manifest.values, "iot_class local is unknown", edit_manifest(iot_class="local")),
    (manifest.values, "integration_type gateway is unknown", edit_manifest(integration_type="gateway")),
    (manifest.links, "documentation isn't an https URL", edit_manifest(documentation="http://example.com")),
    (manifest.links, "issue_tracker isn't an https URL", edit_manifest(issue_tracker="issues")),
    (manifest.zeroconf, "type envoy isn't", edit_manifest(zeroconf=["envoy"])),
    (manifest.zeroconf, "isn't lowercase", edit_manifest(zeroconf=["_Enphase-Envoy._tcp.local."])),
    (
        manifest.zeroconf,
        "ENVOY* isn't lowercase",
        edit_manifest(zeroconf=[{"type": "_a._tcp.local.", "name": "ENVOY*"}]),
    ),
    (manifest.zeroconf, "unknown key model", edit_manifest(zeroconf=[{"type": "_a._tcp.local.", "model": "x"}])),
    (manifest.requirements, "aiohttp>=3 is one of Home Assistant", edit_manifest(requirements=["aiohttp>=3"])),
    (manifest.requirements, "bleak==3.0.2 conflicts", edit_manifest(requirements=["bleak==3.0.2"])),
    (manifest.requirements, "bleak!=3.0.1 conflicts", edit_manifest(requirements=["bleak!=3.0.1"])),
    (manifest.requirements, "is invalid", edit_manifest(requirements=["some thing"])),
    (code.imports, "sensor.py imports energy", _add_line("from homeassistant.components import energy")),
    (code.imports, "sensor.py imports logbook", _add_line("import homeassistant.components.logbook.models")),
    (code.imports, "dashboard.py imports http", edit_manifest(after_dependencies=["frontend"])),
    (code.imports, "dashboard.py imports frontend", edit_manifest(after_dependencies=["http"])),
    (
        code.imports,
        "diagnostics.py imports recorder",
        replace_text(
            integration_file("diagnostics.py"), "^from", "from homeassistant.components.recorder import x\nfrom"
        ),
    ),
    (
        code.imports,
        "imports repairs, which isn't a dependency",
        rename_file(integration_file("repairs.py"), integration_file("fixes.py")),
    ),
    (
        code.imports,
        "imports zeroconf",
        combine(edit_manifest(zeroconf=None), _add_line("from homeassistant.components.zeroconf import x")),
    ),
    (code.config_flow, "only one of config_flow.py", edit_manifest(config_flow=None)),
    (code.config_flow, "only one of config_flow.py", delete_file(CONFIG_FLOW)),
    (code.config_flow, "only one of async_step_zeroconf", edit_manifest(zeroconf=None)),
    (code.config_flow, "only one of async_step_dhcp", edit_manifest(dhcp=[{"hostname": "envoy"}])),
    (code.config_flow, "doesn't set a unique ID", write_file(CONFIG_FLOW, "def async_step_zeroconf(): ...")),
    (code.config_schema, "no CONFIG_SCHEMA", replace_text(INIT, "^CONFIG_SCHEMA.*$", "")),
    (code.actions, "only one of services.yaml", write_file(integration_file("services.yaml"), "refresh:\n")),
    (code.actions, "only one of services.yaml", _add_line("hass.services.async_register(1)")),
    (
        translations.icons,
        "sensor.agg_sock has no name",
        edit_json(ICONS, "entity", "sensor", agg_sock={"default": "mdi:x"}),
    ),
    (
        translations.icons,
        "not like mdi:name",
        edit_json(ICONS, "entity", "sensor", "vls_limit", default="hass:battery"),
    ),
    (translations.icons, "entities is unknown", edit_json(ICONS, entities={})),
    (
        translations.icons,
        "vls_limit.icon is unknown",
        edit_json(ICONS, "entity", "sensor", "vls_limit", icon="mdi:x"),
    ),
    (
        translations.icons,
        "repeats the default icon",
        edit_json(ICONS, "entity", "sensor", "vls_limit", state={"a": "mdi:battery-off"}),
    ),
    (translations.icons, "refresh has no name", edit_json(ICONS, services={"refresh": {"service": "mdi:refresh"}})),
    (translations.texts, "only for core integrations", write_file(integration_file("strings.json"), "{}")),
    (translations.texts, "entities is unknown", edit_english(entities={})),
    (translations.texts, "config.step.user.text is unknown", edit_english("config", "step", "user", text="x")),
    (translations.texts, "config.title is unknown", edit_english("config", title="x")),
    (translations.texts, "config.error.A is unknown", edit_english("config", "error", A="x")),
    (translations.texts, "config.abort.unknown has the wrong type", edit_english("config", "abort", unknown={})),
    (translations.texts, "config.step has the wrong type", edit_english("config", step="x")),
    (translations.texts, "title contains a URL", edit_english(title="see https://example.com")),
    (translations.texts, "title contains HTML", edit_english(title="a <b>word</b>")),
    (translations.texts, "title contains a reference", edit_english(title="[%key:common::title%]")),
    (translations.texts, "begins or ends with a space", edit_english(title="Enphase ")),
    (translations.texts, "a placeholder in single quotes", edit_english(title="'{name}'")),
    (translations.texts, "title contains the placeholder {0}", edit_english(title="{0}")),
    (
        translations.texts,
        "user.port has a description, but no label",
        edit_english("config", "step", "user", "data_description", port="x"),
    ),
    (translations.texts, "the issue token_ends needs", edit_english("issues", "token_ends", description="x")),
    (translations.texts, "the issue no_secctrl needs", edit_english("issues", "no_secctrl", title=None)),
    (translations.languages, "xx.json isn't a language", write_file(integration_file("translations/xx.json"), "{}")),
    (
        translations.languages,
        "de.json has no exceptions.invalid_auth.message",
        edit_german("exceptions", invalid_auth=None),
    ),
    (translations.languages, "de.json has title, but English doesn't", edit_german(title="SecCtrl")),
    (translations.languages, "the placeholders of config.flow_title", edit_german("config", flow_title="{host}")),
    (project_files.one_integration, "other", write_file("custom_components/other/manifest.json", "{}")),
    (project_files.hacs_json, "unknown key domains", edit_json("hacs.json", domains=["sensor"])),
    (project_files.hacs_json, "no name", edit_json("hacs.json", name=None)),
    (project_files.hacs_json, "no version", edit_json("hacs.json", homeassistant=None)),
    (project_files.hacs_json, "no version", edit_json("hacs.json", homeassistant="newest")),
    (project_files.hacs_json, "missing", delete_file("hacs.json")),
    (project_files.brand, "icon.png is missing", delete_file(integration_file("brand/icon.png"))),
    (project_files.brand, "isn't the name of a brand image", write_image("icon@3x.png", 768, 768)),
    (project_files.brand, "icon.png is 255 x 256, not 256 x 256", write_image("icon.png", 256, 255)),
    (project_files.brand, "dark_icon@2x.png is 256 x 256, not 512 x 512", write_image("dark_icon@2x.png", 256, 256)),
    (project_files.brand, "shorter side of brand/logo.png is 100", write_image("logo.png", 400, 100)),
    (project_files.brand, "logo.png is JPEG, not PNG", write_image("logo.png", 256, 256, "JPEG")),
    (project_files.brand, "logo.png is not an image", write_file(integration_file("brand/logo.png"), "a logo")),
    (project_files.readme, "too short", write_file("README.md", "# Enphase SecCtrl\n\nAn integration.\n")),
    (project_files.readme, "missing", delete_file("README.md")),
    (project_files.license_text, "exact text", replace_text("LICENSE", "free of charge", "for a small fee")),
    (project_files.license_text, "exact text", delete_file("LICENSE")),
    (project_files.issue_forms, "no description", replace_text(ISSUE_FORM, "^description: .*$", "")),
    (project_files.issue_forms, "unknown type text", replace_text(ISSUE_FORM, "type: textarea", "type: text")),
    (project_files.issue_forms, "without a unique id", replace_text(ISSUE_FORM, "id: diagnostics", "id: happened")),
    (project_files.issue_forms, "without a label", replace_text(ISSUE_FORM, "label: Versions", "title: Versions")),
    (
        project_files.issue_forms,
        "has no input",
        write_file(ISSUE_FORM, "name: A\ndescription: B\nbody: [{type: markdown}]\n"),
    ),
    (project_files.issue_forms, "unknown key blank", replace_text(ISSUE_CONFIG, "blank_issues_enabled", "blank")),
    (
        workflows.permissions,
        "doesn't drop all permissions",
        replace_text(CI, r"^permissions: \{\}", "permissions: write-all"),
    ),
    (
        workflows.permissions,
        "the permissions of the job all",
        replace_text(CI, "contents: read", "contents: write"),
    ),
    (workflows.permissions, "has no timeout", replace_text(CI, "timeout-minutes: .*", "env: {}")),
    (
        workflows.permissions,
        "keeps its credentials",
        replace_text(CI, "persist-credentials: false", "persist-credentials: true"),
    ),
    (
        workflows.permissions,
        "new.yaml: the permissions of the job a",
        write_file(".github/workflows/new.yaml", "jobs: {a: {permissions: {issues: write}, steps: []}}"),
    ),
    (workflows.pinned_actions, "isn't pinned", replace_text(CI, "@[0-9a-f]{40} # v.*", "@v7")),
    (workflows.pinned_actions, "isn't pinned", replace_text(CI, " # v.*", "")),
    (
        workflows.expressions_in_scripts,
        "contains an expression",
        replace_text(CI, "run: .*", "run: echo ${{ github.head_ref }}"),
    ),
    (workflows.validation, "doesn't run hacs/action", replace_text(VALIDATE, "hacs/action@", "hacs/other@")),
    (workflows.validation, "doesn't run on pull_request", replace_text(VALIDATE, "pull_request:", "release:")),
    (workflows.validation, "every night", replace_text(VALIDATE, r"\* \* \*", "* * 1")),
    (workflows.validation, "every night", replace_text(VALIDATE, r"schedule:\n.*", "workflow_call:")),
]
