// One panel as a picture of vectors: frame, ticks, layers.
import { band, chosen, colour, digits, edges, ends, path, scale, ticks } from "./plot.mjs";

const SVG = "http://www.w3.org/2000/svg";
export const SIZE = { width: 340, height: 250, left: 62, right: 16, top: 24, bottom: 42 };

export function element(name, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// An axis of a panel at a state: its label, where it begins and ends, and whether it is logarithmic.
export function axis(panel, name, state) {
  const { log, by, each } = panel[name];
  return { log, ...each[by ? Math.min(state[by], each.length - 1) : 0] };
}

export function scales(panel, state) {
  const { width, height, left, right, top, bottom } = SIZE;
  const [x, y] = [axis(panel, "x", state), axis(panel, "y", state)];
  return [
    scale(x.low, x.high, left, width - right, x.log),
    scale(y.low, y.high, height - bottom, top, y.log),
  ];
}

// What a layer shows at a state: its arrays, cut out of all numbers.
export function parts(layer, header, numbers, state) {
  const found = {};
  for (const [name, place] of Object.entries(layer.parts)) {
    found[name] = chosen(header.arrays[place], numbers, state);
  }
  return found;
}

export function draw(svg, place, header, numbers, state) {
  const panel = header.panels[place];
  const [sx, sy] = scales(panel, state);
  const layers = header.layers.filter((layer) => layer.panel === place);
  const inner = element("svg", {
    x: SIZE.left, y: SIZE.top,
    width: SIZE.width - SIZE.left - SIZE.right, height: SIZE.height - SIZE.top - SIZE.bottom,
    viewBox: `${SIZE.left} ${SIZE.top} ${SIZE.width - SIZE.left - SIZE.right} ` +
      `${SIZE.height - SIZE.top - SIZE.bottom}`,
  });
  let title = panel.title;
  for (const layer of layers) {
    const of = parts(layer, header, numbers, state);
    inner.append(...KINDS[layer.kind](layer, of, sx, sy));
    if (layer.kind === "heat") {
      const [low, high] = ends(of.z, layer.log);
      title += `, dark ${digits(low)} to light ${digits(high)}`;
    }
  }
  const [x, y] = [axis(panel, "x", state), axis(panel, "y", state)];
  svg.replaceChildren(...frame(title, panel.bare ? null : [x, y], sx, sy), inner);
}

function frame(title, axes, sx, sy) {
  const { width, height, left, right, top, bottom } = SIZE;
  const made = [element("rect", {
    x: left, y: top, width: width - left - right, height: height - top - bottom,
    fill: "none", stroke: "currentColor", "stroke-opacity": 0.4,
  })];
  const text = (content, attributes) => {
    const label = element("text", { fill: "currentColor", "font-size": 11, ...attributes });
    label.textContent = content;
    made.push(label);
  };
  text(title, { x: left, y: 15, "font-weight": "bold" });
  if (!axes) return made;
  const [along, up] = axes;
  for (const value of ticks(along.low, along.high, 5, along.log)) {
    const x = sx(value);
    made.push(element("path", { d: `M${x} ${height - bottom}v4`, stroke: "currentColor" }));
    text(digits(value), { x, y: height - bottom + 15, "text-anchor": "middle" });
  }
  for (const value of ticks(up.low, up.high, 5, up.log)) {
    const y = sy(value);
    made.push(element("path", { d: `M${left} ${y}h-4`, stroke: "currentColor" }));
    text(digits(value), { x: left - 6, y: y + 4, "text-anchor": "end" });
  }
  const [across, down] = [(left + width - right) / 2, (top + height - bottom) / 2];
  text(along.label, { x: across, y: height - 8, "text-anchor": "middle" });
  const turned = { "text-anchor": "middle", transform: `translate(12 ${down}) rotate(-90)` };
  text(up.label, turned);
  return made;
}

// What each kind of layer is drawn with.
const KINDS = {
  line(layer, { x, y }, sx, sy) {
    const line = { d: path(x, y, sx, sy), stroke: layer.colour, "stroke-dasharray": layer.dash };
    return [element("path", { ...line, fill: "none", "stroke-width": layer.width })];
  },
  band(layer, { x, low, high }, sx, sy) {
    return [element("path", { d: band(x, low, high, sx, sy), fill: layer.colour, opacity: 0.2 })];
  },
  points(layer, { x, y }, sx, sy) {
    const found = [];
    for (let k = 0; k < x.length; k++) {
      const [cx, cy] = [sx(x[k]), sy(y[k])];
      if (!Number.isFinite(cx) || !Number.isFinite(cy)) continue;
      const look = { stroke: layer.colour, fill: layer.colour, "fill-opacity": 0.5 };
      found.push(element("circle", { cx, cy, r: layer.width, ...look }));
    }
    return found;
  },
  rule(layer, { x, y }, sx, sy) {
    const d = x ? `M${sx(x[0])} 0V${SIZE.height}` : `M0 ${sy(y[0])}H${SIZE.width}`;
    if (!Number.isFinite(x ? sx(x[0]) : sy(y[0]))) return [];
    return [element("path", { d, stroke: layer.colour, "stroke-dasharray": layer.dash })];
  },
  heat(layer, { x, y, z }, sx, sy) {
    const share = scale(...ends(z, layer.log), 0, 1, layer.log);
    return raster(layer, x, y, sx, sy, (k) => Number.isFinite(z[k]) && colour(share(z[k])));
  },
  image(layer, { x, y, z }, sx, sy) {
    const size = layer.shape[0] * layer.shape[1];
    const next = z.length > size ? size : 0;  // grey images have one channel
    return raster(layer, x, y, sx, sy, (k) => Number.isFinite(z[k]) && [0, 1, 2].map((c) => 255 * z[k + c * next]));
  },
  words(layer, { x, y, z }, sx, sy) {
    const found = [];
    for (let k = 0; k < z.length; k++) {
      if (!Number.isFinite(z[k])) continue;
      const at = { x: sx(x[k]), y: sy(y[k]) + 3, "text-anchor": "middle", "font-size": 9 };
      const word = element("text", { ...at, fill: layer.colour });
      word.textContent = layer.texts[z[k]];
      found.push(word);
    }
    return found;
  },
};

// Cells as one picture, the first row at the bottom; where there is no colour one sees through.
function raster(layer, x, y, sx, sy, coloured) {
  const [rows, columns] = layer.shape;
  const canvas = Object.assign(document.createElement("canvas"), { width: columns, height: rows });
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(columns, rows);
  for (let k = 0; k < rows * columns; k++) {
    const found = coloured(k);
    const line = rows - 1 - Math.floor(k / columns);
    if (found) pixels.data.set([...found, 255], 4 * (line * columns + (k % columns)));
  }
  context.putImageData(pixels, 0, 0);
  const [left, right] = edges(x).map(sx);
  const [bottom, top] = edges(y).map(sy);
  return [element("image", {
    href: canvas.toDataURL(), x: left, y: top, width: right - left, height: bottom - top,
    preserveAspectRatio: "none", style: "image-rendering: pixelated",
  })];
}
