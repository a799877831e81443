// Run a function of the dashboard strategy: node run_strategy.mjs MODULE
//
// Reads {"function": ..., "arguments": [...]} from stdin, and prints {"result": ...}. Before that, it prints
// {"call": MESSAGE} for each request to Home Assistant, and reads the result. One line is one JSON document.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const read = async () => JSON.parse((await lines.next()).value);
const send = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

const elements = new Map();
globalThis.window = globalThis;
globalThis.HTMLElement = class {};
globalThis.customElements = {
  get: (name) => elements.get(name),
  define: (name, element) => elements.set(name, element),
};
globalThis.document = { querySelector: () => null };

function withApi(hass) {
  const callWS = async (call) => {
    send({ call });
    return read();
  };
  const loaded = [];
  const loadBackendTranslation = async (...scope) => loaded.push(scope.join("."));
  return { ...hass, callWS, loadBackendTranslation, localize: (key) => `${key} of ${loaded}` };
}

// Without a package.json, Node.js wouldn't load the file itself as a module
const code = encodeURIComponent(readFileSync(process.argv[2], "utf8"));
await import(`data:text/javascript,${code}`);
await import(`data:text/javascript,${code}#again`); // as after an update of the integration
const request = await read();
const parameters = request.arguments.map((parameter) => (parameter?.entities ? withApi(parameter) : parameter));
const functions = {
  elements: () => [...elements.keys()],
  strategies: (hass) => {
    const before = JSON.parse(JSON.stringify(window.customStrategies));
    globalThis.document.querySelector = (name) => (name === "home-assistant" ? { hass } : null);
    return [before, window.customStrategies];
  },
};
const strategy = elements.get("ll-strategy-dashboard-enphase-secctrl");
send({ result: await (functions[request.function] ?? strategy[request.function].bind(strategy))(...parameters) });
process.exit();
