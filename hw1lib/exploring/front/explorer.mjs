// An explorer: panels over arrays, and controls that choose among them; a module for anywidget.
//
// model holds `header` (what there is to see), `numbers` (all arrays, one after another, float32),
// `state` (what each control is at) and `kernel` (whether Python listens).
import { closest, csv, digits, nearest, written } from "./plot.mjs";
import { SIZE, axis, draw, element, parts, scales } from "./drawing.mjs";

// JupyterLab takes keys for shortcuts unless the element that has the focus says so itself.
const KEYS = { "data-lm-suppress-shortcuts": "true" };

function tag(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  const own = ["button", "input", "select"].includes(name) ? { ...KEYS, ...attributes } : attributes;
  for (const [key, value] of Object.entries(own)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

let count = 0;  // of explorers on this page, for the ids that labels need

function render({ model, el }) {
  const mark = `${model.get("header").id}-${count++}`;  // anywidget may load this once per figure
  const kernel = model.get("kernel");
  const box = tag("div", { class: "explorer", role: "group" });
  const form = tag("form", { class: "controls" });
  const pictures = tag("div", { class: "panels" });
  const legend = tag("ul", { class: "legend" });
  const readings = tag("p", { class: "readings" });
  const status = tag("p", { class: "status", role: "status" });
  const spot = tag("p", { class: "spot", role: "status" });
  const table = tag("div", { class: "told", tabindex: 0, role: "region", "aria-label": "Table", ...KEYS });
  const files = tag("p", { class: "handed" });
  const told = tag("code", { class: "state" });  // which a shell can draw again
  box.append(form, status, pictures, legend, readings, spot, table, files);
  el.append(box);
  form.addEventListener("submit", (event) => event.preventDefault());

  let header = {};
  let numbers = new Float32Array();
  let bytes = null;  // from which they were read
  let shown = { controls: "", panels: "", table: "" };  // what the page holds already
  const inputs = new Map();
  let waiting = 0;

  const state = () => model.get("state");
  const soon = () => { waiting ||= requestAnimationFrame(redraw); };

  function change(name, value) {
    model.set("state", { ...state(), [name]: value });
    model.save_changes();
    soon();
  }

  function redraw() {
    waiting = 0;
    header = model.get("header");
    if (bytes !== model.get("numbers")) {
      bytes = model.get("numbers");
      // bytes may begin anywhere, numbers must not
      const [from, to] = [bytes.byteOffset, bytes.byteOffset + bytes.byteLength];
      numbers = new Float32Array(bytes.buffer.slice(from, to));
    }
    build();
    for (const [place, svg] of [...pictures.children].entries()) {
      draw(svg, place, header, numbers, state());
    }
    readings.replaceChildren(...header.readings.map((reading) => {
      const value = parts(reading, header, numbers, state()).value[0];
      const unit = Number.isFinite(value) && reading.unit ? ` ${reading.unit}` : "";
      const text = reading.words[value] ?? digits(value) + unit;
      return tag("span", {}, `${reading.label} `, tag("strong", {}, text));
    }));
    if (status.textContent !== header.status) status.textContent = header.status;
    status.hidden = !header.status;
    if (JSON.stringify(header.table) !== shown.table) buildTable();
    told.textContent = written(header.id, state());
    for (const control of header.controls) inputs.get(control.name)?.show(state()[control.name], control);
    box.dataset.drawn = Number(box.dataset.drawn ?? 0) + 1;
  }

  // Controls and panels stay as they are while only numbers change.
  function build() {
    box.setAttribute("aria-label", header.title);
    const controls = JSON.stringify(header.controls.map(({ disabled, ...rest }) => rest));
    if (controls !== shown.controls) buildControls();
    const panels = JSON.stringify([header.panels.map((panel) => [panel.title, panel.bare, panel.x.by, panel.y.by]),
      header.layers.map((layer) => [layer.label, layer.colour])]);
    if (panels !== shown.panels) buildPanels();
    shown = { ...shown, controls, panels };
  }

  function buildTable() {
    shown.table = JSON.stringify(header.table);
    table.hidden = !header.table.length;
    const [heads = [], ...rows_] = header.table;
    table.replaceChildren(tag("table", {},
      tag("thead", {}, tag("tr", {}, ...heads.map((text) => tag("th", { scope: "col" }, text)))),
      tag("tbody", {}, ...rows_.map((row) => tag("tr", {}, ...row.map((text) => tag("td", {}, text)))))));
  }

  function buildControls() {
    inputs.clear();
    const seen = header.controls.filter((control) => kernel || !control.live);
    form.replaceChildren(...seen.map(controlled));
    if (!kernel && header.offline) form.append(tag("p", { class: "offline" }, header.offline));
    form.hidden = !form.childElementCount;
  }

  function controlled(control) {
    const id = `${mark}-${control.name}`;
    const label = tag("label", { for: id }, control.label);
    const row = tag("div", { class: `control ${control.kind}` });
    if (control.kind === "button") {
      const button = tag("button", { type: "button", id }, control.label);
      // with the state, which may else arrive after the press
      button.addEventListener("click", () => model.send({ press: control.name, state: state() }));
      inputs.set(control.name, { show: (_, now) => { button.disabled = Boolean(now.disabled); } });
      row.append(button);
    } else if (control.kind === "choice") {
      const options = control.options.map((text, value) => tag("option", { value }, text));
      const select = tag("select", { id }, ...options);
      select.addEventListener("change", () => change(control.name, Number(select.value)));
      inputs.set(control.name, { show: (value) => { select.value = value; } });
      row.append(label, select);
    } else if (control.kind === "slider") {
      const range = tag("input", { id, type: "range", min: 0, max: control.options.length - 1 });
      const output = tag("output", { for: id });
      range.addEventListener("input", () => change(control.name, Number(range.value)));
      inputs.set(control.name, {
        show(value) {
          range.value = value;
          output.textContent = control.options[value];
          range.setAttribute("aria-valuetext", control.options[value]);
        },
      });
      row.append(label, range, output);
      if (control.plays) row.append(player(control, range));
    } else {
      const field = tag("input", { id, type: "text", spellcheck: "false", autocomplete: "off" });
      let delay = 0;
      const now = () => {
        clearTimeout(delay);
        if (field.value !== state()[control.name]) change(control.name, field.value);
      };
      field.addEventListener("input", () => {
        clearTimeout(delay);
        delay = setTimeout(now, 120);
      });
      field.addEventListener("change", now);  // when the field is left
      inputs.set(control.name, {
        show: (value) => { if (document.activeElement !== field) field.value = value; },
      });
      row.append(label, field);
    }
    return row;
  }

  // Moves a slider by itself; not for those who asked for less motion.
  function player(control, range) {
    const button = tag("button", { type: "button", "aria-label": `Play ${control.label}` }, "Play");
    button.hidden = matchMedia("(prefers-reduced-motion: reduce)").matches;
    let timer = 0;
    const stop = () => {
      clearInterval(timer);
      timer = 0;
      button.textContent = "Play";
    };
    range.addEventListener("pointerdown", stop);
    button.addEventListener("click", () => {
      if (timer) return stop();
      button.textContent = "Pause";
      const last = control.options.length - 1;
      if (state()[control.name] >= last) change(control.name, 0);
      timer = setInterval(() => {
        const next = state()[control.name] + 1;
        if (next > last || !button.isConnected) return stop();
        change(control.name, next);
      }, 100);
    });
    return button;
  }

  function buildPanels() {
    pictures.replaceChildren(...header.panels.map((panel, place) => {
      const axes = `${axis(panel, "y", state()).label} against ${axis(panel, "x", state()).label}`;
      const said = `${panel.title}${panel.bare ? "" : `: ${axes}`}. ${header.alt}`;
      const svg = element("svg", {
        viewBox: `0 0 ${SIZE.width} ${SIZE.height}`, role: "img", tabindex: 0, "aria-label": said, ...KEYS,
      });
      listen(svg, place);
      return svg;
    }));
    const named = header.layers.filter((layer) => layer.label && layer.kind !== "band");
    const once = new Map(named.map((layer) => [layer.label, layer]));
    legend.replaceChildren(...[...once.values()].map((layer) => {
      const look = layer.kind === "points" ? { d: "M9 6a3 3 0 1 0 6 0a3 3 0 1 0-6 0", fill: layer.colour }
        : { d: "M0 6h24", "stroke-dasharray": layer.dash, "stroke-width": 2 };
      const path = element("path", { ...look, stroke: layer.colour });
      const swatch = element("svg", { width: 24, height: 12, "aria-hidden": "true" }, path);
      return tag("li", {}, swatch, ` ${layer.label}`);
    }));
    if (header.note) legend.append(tag("li", {}, header.note));
  }

  // Pointing: says the value under the pointer or at the arrow keys, and picks where a panel picks.
  function listen(svg, place) {
    let [series, point] = [0, -1];
    const pointed = () => header.layers.filter((l) => l.panel === place && ["line", "points"].includes(l.kind));
    function tell() {
      const layer = pointed()[series];
      if (!layer || point < 0) return;
      const { x, y } = parts(layer, header, numbers, state());
      const panel = header.panels[place];
      const name = layer.label ? `${layer.label}: ` : "";
      spot.textContent = `${name}${axis(panel, "x", state()).label} ${digits(x[point])}, ` +
        `${axis(panel, "y", state()).label} ${digits(y[point])}`;
      const [sx, sy] = scales(panel, state());
      svg.querySelector(".here")?.remove();
      const at = { cx: sx(x[point]), cy: sy(y[point]), r: 5, fill: "none", class: "here" };
      if (Number.isFinite(at.cx) && Number.isFinite(at.cy)) {
        svg.append(element("circle", { ...at, stroke: "currentColor", "stroke-width": 2 }));
      }
    }
    const where = (event) => {
      const box_ = svg.getBoundingClientRect();
      return [(event.clientX - box_.left) * SIZE.width / box_.width,
        (event.clientY - box_.top) * SIZE.height / box_.height];
    };
    svg.addEventListener("pointermove", (event) => {
      const [px, py] = where(event);
      const [sx, sy] = scales(header.panels[place], state());
      let least = Infinity;
      pointed().forEach((layer, n) => {
        const { x, y } = parts(layer, header, numbers, state());
        const k = nearest(x, y, sx, sy, px, py);
        const distance = k < 0 ? Infinity : Math.hypot(sx(x[k]) - px, sy(y[k]) - py);
        if (distance < least) [least, series, point] = [distance, n, k];
      });
      if (least < 40) tell();
    });
    const sketched = (event) => {  // the height under the pointer, with its button down
      const { sketch } = header.panels[place];
      if (!sketch || !(event.buttons & 1)) return;
      const [px, py] = where(event);
      const [sx, sy] = scales(header.panels[place], state());
      const n = closest(sketch.at.map(sx), px);
      change(sketch.controls[n], closest(sketch.values.map(sy), py));
    };
    svg.addEventListener("pointerdown", sketched);
    svg.addEventListener("pointermove", sketched);
    if (header.panels[place].sketch) svg.classList.add("sketch");
    svg.addEventListener("click", (event) => {
      const at = where(event);
      const picks = header.panels[place].picks ?? {};
      const places = scales(header.panels[place], state());
      for (const [axis, { control, values }] of Object.entries(picks)) {
        const n = axis === "x" ? 0 : 1;
        change(control, closest(values.map(places[n]), at[n]));
      }
    });
    svg.addEventListener("keydown", (event) => {
      const [sideways, upwards] = [
        { ArrowLeft: -1, ArrowRight: 1 }[event.key] ?? 0, { ArrowUp: 1, ArrowDown: -1 }[event.key] ?? 0];
      const layers = pointed();
      if (!(sideways || upwards) || !layers.length) return;
      event.preventDefault();
      series = (series + upwards + layers.length) % layers.length;
      const { x, y } = parts(layers[series], header, numbers, state());
      const step = sideways || 1;
      point = Math.min(Math.max(point + sideways, 0), x.length - 1);
      // over what is no number
      while (!Number.isFinite(y[point]) && point + step >= 0 && point + step < x.length) point += step;
      tell();
    });
  }

  function rows() {
    const found = [["panel", "series", "kind", "x", "y", "low", "high", "value"]];
    for (const layer of header.layers.filter((one) => one.kind !== "image")) {
      const of = parts(layer, header, numbers, state());
      const title = header.panels[layer.panel].title;
      const length = Math.max(...Object.values(of).map((values) => values.length));
      for (let k = 0; k < length; k++) {
        const cells = ["x", "y", "low", "high", "z"].map((name) => of[name]?.[k]);
        if (layer.kind === "heat") {  // whose places are those of its cells
          const columns = layer.shape[1];
          cells[0] = of.x[k % columns];
          cells[1] = of.y[Math.floor(k / columns)];
        }
        if (layer.texts) cells[4] = layer.texts[of.z[k]];
        found.push([title, layer.label, layer.kind, ...cells.map((v) => v ?? "")]);
      }
    }
    return csv(found);
  }

  function vectors() {
    const across = Math.min(header.panels.length, 3);
    const down = Math.ceil(header.panels.length / across);
    const [width, height] = [across * SIZE.width, down * SIZE.height + 20];
    const whole = element("svg", { xmlns: "http://www.w3.org/2000/svg", width, height, color: "#222", "font-family": "sans-serif" });
    whole.append(element("rect", { width, height, fill: "white" }));
    [...pictures.children].forEach((svg, n) => {
      const copy = svg.cloneNode(true);
      copy.querySelector(".here")?.remove();
      const at = { x: (n % across) * SIZE.width, y: Math.floor(n / across) * SIZE.height };
      for (const [key, value] of Object.entries({ ...at, width: SIZE.width, height: SIZE.height })) copy.setAttribute(key, value);
      whole.append(copy);
    });
    let x = 10;
    for (const entry of legend.children) {
      const stroke = entry.querySelector("path")?.getAttribute("stroke") ?? "currentColor";
      const text = element("text", { x, y: height - 7, "font-size": 11, fill: stroke });
      text.textContent = entry.textContent.trim();
      whole.append(text);
      x += 7 * text.textContent.length + 12;
    }
    return new XMLSerializer().serializeToString(whole);
  }

  for (const [kind, type, made] of [["SVG", "image/svg+xml", vectors], ["CSV", "text/csv", rows]]) {
    const button = tag("button", { type: "button" }, kind);
    button.addEventListener("click", () => {
      const href = URL.createObjectURL(new Blob([made()], { type }));
      tag("a", { href, download: `${header.id}.${kind.toLowerCase()}` }).click();
      setTimeout(() => URL.revokeObjectURL(href), 60000);
    });
    files.append(button, " ");
  }
  files.append(told);

  for (const name of ["header", "numbers", "state"]) model.on(`change:${name}`, soon);
  redraw();
  return () => {
    for (const name of ["header", "numbers", "state"]) model.off(`change:${name}`, soon);
    cancelAnimationFrame(waiting);
  };
}

export default { render };
