/**
 * A dashboard strategy of Home Assistant: it generates the dashboard of all IQ Gateways from the registries.
 *
 * An entity is found by its unique ID, so it may be renamed. An entity that is missing, disabled, or hidden is left
 * out. All texts are in the translations of the integration, under `common`.
 */

const DOMAIN = "enphase_secctrl";
const TYPE = "enphase-secctrl";
const TAG = `ll-strategy-dashboard-${TYPE}`;
const REASON_PAGES = { repairs: "/config/repairs", log: "/config/logs" };

/** The name of an entity without the name of its device. */
const NAME = { type: "entity" };

/** A card as wide as its section: long names are cut off otherwise. */
const FULL_WIDTH = { grid_options: { columns: "full" } };

/** @typedef {Record<string, unknown>} Config A part of a dashboard: a view, a section, or a card. */
/** @typedef {(key: string, values?: Record<string, string>) => string} Localize Returns the text with this key. */
/**
 * @typedef {object} Entity An entity that isn't disabled.
 * @property {string} entity_id
 * @property {string} platform The integration that provides it.
 * @property {boolean} [hidden]
 */
/**
 * @typedef {object} Device
 * @property {string} id
 * @property {string | null} name
 * @property {string | null} name_by_user
 * @property {string | null} disabled_by
 * @property {string[][]} identifiers
 */
/**
 * @typedef {object} Hass The part of the frontend's `hass` object that is used here.
 * @property {Record<string, Entity>} entities
 * @property {Record<string, Device>} devices
 * @property {string} language
 * @property {{language: string, number_format: string}} locale
 * @property {(message: Config) => Promise<any>} callWS
 * @property {(key: string) => string} localize
 * @property {(category: string, integration: string) => Promise<unknown>} loadBackendTranslation
 */
/**
 * @typedef {object} Gateway
 * @property {string} id The ID of its device.
 * @property {string} name
 * @property {string} link The path of its device page.
 * @property {Record<string, string>} ids The entity ID of each field, by key.
 */

/** @param {Hass} hass */
function ourEntities(hass) {
  return Object.values(hass.entities).filter((entity) => entity.platform === DOMAIN && !entity.hidden);
}

/**
 * Return the devices that aren't disabled, or all if each is disabled.
 *
 * @param {Hass} hass
 */
function ourDevices(hass) {
  const devices = Object.values(hass.devices).filter(({ identifiers }) =>
    identifiers.some(([domain]) => domain === DOMAIN),
  );
  const enabled = devices.filter((device) => !device.disabled_by);
  return enabled.length ? enabled : devices;
}

/** @param {Device} device */
function deviceName(device) {
  return device.name_by_user || device.name || "IQ Gateway";
}

/**
 * Return all gateways in the order of their names.
 *
 * @param {Hass} hass
 * @returns {Promise<Gateway[]>}
 */
async function readGateways(hass) {
  const entity_ids = ourEntities(hass).map((entity) => entity.entity_id);
  /** @type {Record<string, {unique_id: string, device_id: string | null} | null>} */
  const entries = entity_ids.length
    ? await hass.callWS({ type: "config/entity_registry/get_entries", entity_ids })
    : {};
  const gateways = ourDevices(hass).map((device) => {
    const ids = Object.entries(entries).flatMap(([entityId, entry]) =>
      // A unique ID is the serial number, "_", and the key
      entry?.device_id === device.id ? [[entry.unique_id.slice(entry.unique_id.indexOf("_") + 1), entityId]] : [],
    );
    const link = `/config/devices/device/${device.id}`;
    return { id: device.id, name: deviceName(device), link, ids: Object.fromEntries(ids) };
  });
  return gateways.sort((one, other) => one.name.localeCompare(other.name, undefined, { numeric: true }));
}

/**
 * Return the function that returns the texts. The frontend can load them too, but without waiting for a request that
 * is already running.
 *
 * @param {Hass} hass
 * @returns {Promise<Localize>}
 */
async function readTexts(hass) {
  const request = { type: "frontend/get_translations", category: "common", integration: [DOMAIN] };
  const { resources } = await hass.callWS({ ...request, language: hass.language });
  /** @type {Localize} */
  const localize = (key, values = {}) => {
    /** @type {string} */
    const text = resources[`component.${DOMAIN}.common.${key}`] ?? key;
    return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
  };
  return localize;
}

/**
 * Return the character between the integer and the decimals of a number: templates always use a period.
 *
 * @param {Hass["locale"]} locale
 */
function decimalSeparator({ language, number_format }) {
  /** @type {Record<string, string | undefined>} */
  const languages = { comma_decimal: "en", decimal_comma: "de", quote_decimal: "de-CH", space_comma: "fr", none: "en" };
  const format = new Intl.NumberFormat(number_format === "system" ? undefined : (languages[number_format] ?? language));
  return format.formatToParts(0.5).find((part) => part.type === "decimal")?.value ?? ".";
}

/** The cards of one gateway. */
class Cards {
  /**
   * @param {Gateway} gateway
   * @param {Localize} text
   */
  constructor(gateway, text) {
    this.gateway = gateway;
    this.ids = gateway.ids;
    this.text = text;
    /** An entity that shows whether the gateway is available: all of them do. */
    this.probe = this.ids.agg_soc ?? Object.values(this.ids)[0];
  }

  /**
   * Return the entity IDs of the fields that exist.
   *
   * @param {string[]} keys
   */
  existing(keys) {
    return keys.flatMap((key) => this.ids[key] ?? []);
  }

  /**
   * @param {string} key
   * @param {string} color
   * @param {Config} [options]
   * @returns {Config[]}
   */
  tile(key, color, options) {
    return this.existing([key]).map((entity) => ({ type: "tile", entity, name: NAME, color, ...options }));
  }

  /**
   * @param {string} key
   * @param {string} color
   */
  bar(key, color) {
    return this.tile(key, color, { ...FULL_WIDTH, features: [{ type: "bar-gauge" }] });
  }

  /**
   * A tile that is shown while the estimate is known.
   *
   * @param {string} key
   * @param {string} color
   */
  estimate(key, color) {
    const visibility = [{ condition: "state", entity: this.ids[key], state_not: "unknown" }];
    return this.tile(key, color, { ...FULL_WIDTH, visibility });
  }

  /**
   * A list of entities.
   *
   * @param {string[]} keys
   * @param {string} [title]
   * @returns {Config[]}
   */
  list(keys, title) {
    const entities = this.existing(keys).map((entity) => ({ entity, name: NAME }));
    return entities.length ? [{ type: "entities", title, entities }] : [];
  }

  /**
   * A graph, or another card with several entities in different colors.
   *
   * @param {Config} options
   * @param {Record<string, string>} colors The color of each field, by key.
   * @returns {Config[]}
   */
  graph(options, colors) {
    const entities = Object.entries(colors).flatMap(([key, color]) =>
      this.existing([key]).map((entity) => ({ entity, name: NAME, color })),
    );
    return entities.length ? [{ ...options, entities }] : [];
  }

  /**
   * A section with a heading, or nothing if it has no cards.
   *
   * @param {string} heading
   * @param {string} icon
   * @param {Config[]} cards
   * @param {Config} [options]
   * @returns {Config[]}
   */
  section(heading, icon, cards, options) {
    return cards.length ? [{ type: "grid", cards: [{ type: "heading", heading, icon }, ...cards], ...options }] : [];
  }

  /** How the reserve and the energy above it share the stored energy. */
  distribution() {
    /** @type {Record<string, string>} */
    const colors = { agg_backup_energy: "orange", energy_above_reserve: "green" };
    const above = this.ids.energy_above_reserve;
    if (!above || !this.ids.agg_backup_energy) {
      return Object.entries(colors).flatMap(([key, color]) => this.tile(key, color));
    }
    // Below the reserve, the two aren't parts of the stored energy
    const visibility = [{ condition: "numeric_state", entity: above, above: 0 }];
    return this.graph({ type: "distribution", visibility }, colors);
  }

  /**
   * The most important values in a sentence.
   *
   * @param {string} separator Of decimals.
   */
  header(separator) {
    const { ids, text } = this;
    const { agg_soc: charge, energy_above_reserve: above, adjusted_backup_soc: reserve } = ids;
    const percent = reserve ? `{{ states('${reserve}') | round }}` : "";
    const lines = [
      `{% if is_state('${this.probe}', 'unavailable') %}`,
      `# ${text("unavailable")}`,
      text("unavailable_text", REASON_PAGES),
    ];
    if (charge) {
      lines.push(`{% elif states('${charge}') | is_number %}`);
      lines.push(`# ${text("charged", { charge: `{{ states('${charge}') | round }}` })}`);
      if (above && reserve) {
        lines.push(`{% if states('${above}') | is_number and states('${reserve}') | is_number %}`);
        lines.push(`{% if states('${above}') | float > 0 %}`);
        const energy = `{{ states('${above}', rounded=True, with_unit=True) | replace('.', '${separator}') }}`;
        lines.push(text("above_reserve", { energy: `**${energy}**`, reserve: percent }));
        lines.push("{% else %}", text("at_reserve", { reserve: percent }), "{% endif %}", "{% endif %}");
      }
    }
    if (charge || !ids.agg_avail_energy) {
      const diagnostics = `*${text("diagnostics")}*`;
      lines.push("{% else %}", `# ${text("no_values")}`, text("no_values_text", { diagnostics }));
    }
    return { type: "markdown", text_only: true, content: [...lines, "{% endif %}"].join("\n") };
  }

  /** The sections of the view of the batteries. */
  batteries() {
    const { text } = this;
    const now = [
      ...this.bar("agg_soc", "green"),
      ...this.bar("adjusted_backup_soc", "orange"),
      ...this.distribution(),
      ...this.estimate("time_to_reserve", "amber"),
      ...this.estimate("time_to_full", "light-green"),
      ...this.tile("energy_above_shutdown", "red", FULL_WIDTH),
      ...this.tile("agg_avail_energy", "blue"),
      ...this.tile("max_energy", "blue"),
      ...this.tile("enc_agg_soh", "teal"),
      ...this.tile("shutdown", "red"),
      ...this.list(["enc_agg_soc", "enc_agg_avail_energy", "acb_agg_soc", "acb_agg_energy"]),
    ];
    const percent = { min_y_axis: 0, max_y_axis: 100 };
    const lastDay = [
      ...this.graph(
        { type: "history-graph", hours_to_show: 24, ...percent },
        { agg_soc: "green", adjusted_backup_soc: "orange" },
      ),
      ...this.graph(
        { type: "history-graph", hours_to_show: 24, min_y_axis: 0 },
        { agg_avail_energy: "blue", energy_above_reserve: "green", energy_above_shutdown: "red" },
      ),
    ];
    const lastWeeks = this.graph(
      {
        type: "statistics-graph",
        chart_type: "line",
        days_to_show: 28,
        period: "day",
        stat_types: ["min", "mean", "max"],
        ...FULL_WIDTH,
        ...percent,
      },
      { agg_soc: "green" },
    );
    const visibility = [{ condition: "state", entity: this.probe, state_not: "unavailable" }];
    return [
      ...this.section(text("now"), "mdi:home-battery", now, { visibility }),
      ...this.section(text("last_day"), "mdi:chart-line", lastDay),
      ...this.section(text("last_four_weeks"), "mdi:calendar-month", lastWeeks, { column_span: 2 }),
    ];
  }

  /**
   * The sections of the view of the diagnostics.
   *
   * @param {string} prefix Of the headings.
   */
  diagnostics(prefix) {
    const { text } = this;
    const history = { type: "history-graph", hours_to_show: 24 };
    const phases = ["", "_phaseb", "_phasec"];
    const others = ["freq_bias_hz_phaseb", "freq_bias_hz_phasec", "voltage_bias_v_phaseb", "voltage_bias_v_phasec"];
    const bias = [
      ...this.tile("freq_bias_hz", "purple", FULL_WIDTH),
      ...this.tile("voltage_bias_v", "indigo", FULL_WIDTH),
      ...this.graph(history, { freq_bias_hz: "purple", freq_bias_hz_phaseb: "cyan", freq_bias_hz_phasec: "amber" }),
      ...this.graph(history, {
        voltage_bias_v: "indigo",
        voltage_bias_v_phaseb: "cyan",
        voltage_bias_v_phasec: "amber",
      }),
      ...this.list([
        ...others,
        ...phases.map((phase) => `freq_bias_hz_q8${phase}`),
        ...phases.map((phase) => `voltage_bias_v_q5${phase}`),
      ]),
    ];
    const { link } = this.gateway;
    const gateway = [
      ...this.list([
        ...["shutdown", "token_expires", "last_report"],
        ...["commission_in_progress", "ess_in_progress", "ess_r3_to_r4_in_progress"],
      ]),
      ...this.list(
        [
          ...["configured_backup_soc", "adjusted_backup_soc", "at_reserve", "vls_limit", "recovery_threshold_soc"],
          ...["soc_recovery_entry", "soc_recovery_exit", "soc_rec_enabled"],
        ],
        text("levels"),
      ),
      ...this.list(
        [
          ...["energy_to_full", "time_to_shutdown", "enc_agg_soh"],
          ...["enc_commissioned_capacity", "enc_max_available_capacity"],
        ],
        text("batteries"),
      ),
      ...this.list(
        [
          ...["is_active", "is_system_balanced", "seq_reset_needed"],
          ...["f", "v", "vd_neg", "vq_neg", "vd_zero", "vq_zero"],
        ].map((key) => `offgrid_secctrl_${key}`),
        text("off_grid_control"),
      ),
      { type: "markdown", text_only: true, content: text("disabled_by_default", { link }) },
    ];
    return [
      ...this.section(prefix + text("bias"), "mdi:sine-wave", bias),
      ...this.section(prefix + text("gateway"), "mdi:router-wireless", gateway),
    ];
  }
}

/**
 * A view that only has this message.
 *
 * @param {string} content
 */
function message(content) {
  return { type: "sections", sections: [{ type: "grid", cards: [{ type: "markdown", content }] }] };
}

class EnphaseSecctrlStrategy extends HTMLElement {
  /**
   * Called by Home Assistant when the dashboard is opened, and when `shouldRegenerate` returns true.
   *
   * @param {Config} _config
   * @param {Hass} hass
   * @returns {Promise<{title: string, views: Config[]}>}
   */
  static async generate(_config, hass) {
    const [gateways, text] = await Promise.all([readGateways(hass), readTexts(hass)]);
    const title = text("dashboard_title");
    if (!gateways.length) {
      const link = `/config/integrations/dashboard/add?domain=${DOMAIN}`;
      return { title, views: [message(text("no_gateway", { link }))] };
    }
    const separator = decimalSeparator(hass.locale);
    const several = gateways.length > 1;
    /** @type {Config[]} */
    const views = gateways.map((gateway) => {
      const { id, name, link, ids } = gateway;
      const tab = several ? { title: name, path: id } : { title: text("batteries"), path: "batteries" };
      if (!Object.keys(ids).length) return { ...message(text("no_entities", { link })), ...tab };
      const cards = new Cards(gateway, text);
      const header = { layout: "responsive", card: cards.header(separator) };
      return { ...tab, type: "sections", max_columns: 2, header, sections: cards.batteries() };
    });
    const working = gateways.filter(({ ids }) => Object.keys(ids).length);
    const sections = working.flatMap((gateway) =>
      new Cards(gateway, text).diagnostics(several ? `${gateway.name} · ` : ""),
    );
    const diagnostics = { title: text("diagnostics"), path: "diagnostics" };
    if (sections.length) views.push({ ...diagnostics, type: "sections", max_columns: 2, sections });
    return { title, views };
  }

  /**
   * Whether something that `generate` uses has changed.
   *
   * @param {Config} _config
   * @param {Hass} before
   * @param {Hass} after
   */
  static shouldRegenerate(_config, before, after) {
    if (before.language !== after.language || before.locale.number_format !== after.locale.number_format) return true;
    if (before.entities === after.entities && before.devices === after.devices) return false;
    /** @param {Hass} hass */
    const used = (hass) =>
      JSON.stringify([
        ourEntities(hass).map((entity) => entity.entity_id),
        ourDevices(hass).map((device) => [device.id, deviceName(device)]),
      ]);
    return used(before) !== used(after);
  }

  /**
   * Called by the dialog that adds the dashboard.
   *
   * @param {Hass} hass
   */
  static async getCreateSuggestions(hass) {
    const text = await readTexts(hass);
    return { title: text("dashboard_title"), icon: "mdi:home-battery" };
  }
}

/** The entry of the dialog that adds a dashboard. */
const entry = {
  type: TYPE,
  strategyType: "dashboard",
  name: "Enphase SecCtrl",
  /** In the language of the user. The first time it is empty, until the frontend has loaded it and renders again. */
  get description() {
    /** @type {(Element & {hass?: Hass}) | null} */
    const app = document.querySelector("home-assistant");
    app?.hass?.loadBackendTranslation("common", DOMAIN);
    return app?.hass?.localize(`component.${DOMAIN}.common.dashboard_description`) ?? "";
  },
};

// The page may have loaded a previous version of this module
if (!customElements.get(TAG)) {
  customElements.define(TAG, EnphaseSecctrlStrategy);
  const frontend = /** @type {{customStrategies?: object[]}} */ (window);
  frontend.customStrategies ??= [];
  frontend.customStrategies.push(entry);
}
