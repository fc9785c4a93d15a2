// Numbers to marks on a plane: functions of their arguments alone, tested without a browser.

// From numbers between low and high to places between from and to; logarithmic if so asked.
export function scale(low, high, from, to, log = false) {
  const bend = log ? Math.log10 : (value) => value;
  const [first, last] = [bend(low), bend(high)];
  const slope = last === first ? 0 : (to - from) / (last - first);
  return (value) => from + slope * (bend(value) - first);
}

// Round numbers between low and high, about as many as asked for.
export function ticks(low, high, count = 5, log = false) {
  return log ? decades(low, high, count) : steps(low, high, count);
}

function steps(low, high, count) {
  if (!(high > low)) return [low];
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
  const found = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9; n++) {
    found.push(Number((n * step).toPrecision(12)));
  }
  return found;
}

function decades(low, high, count) {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  const every = Math.max(1, Math.ceil((last - first + 1) / count));
  const found = [];
  for (let power = first; power <= last; power += every) found.push(Number(`1e${power}`));
  return found.length > 1 ? found : steps(low, high, count).filter((value) => value > 0);
}

// A number as a reader writes it: four digits, and a power of ten where it is very large or small.
export function digits(value) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "none" : value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (size && (size < 1e-3 || size >= 1e6)) {
    const [factor, power] = value.toExponential(2).split("e");
    const raised = [...String(Number(power))].map((sign) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(sign)]);
    const short = String(Number(factor)).replace("-", "−");
    return (short === "1" ? "10" : `${short}×10`) + raised.join("");
  }
  const whole = Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
  const [front, back] = whole.replace("-", "").split(".");
  const grouped = front.replace(/\B(?=(\d{3})+$)/g, ",");
  return (value < 0 ? "−" : "") + grouped + (back ? `.${back}` : "");
}

// The path through points (x, y) that are numbers on both scales; it breaks where one is not.
export function path(xs, ys, sx, sy) {
  let text = "";
  let on = false;
  for (let k = 0; k < xs.length; k++) {
    const [x, y] = [sx(xs[k]), sy(ys[k])];
    if (Number.isFinite(x) && Number.isFinite(y)) {
      text += `${on ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
      on = true;
    } else {
      on = false;
    }
  }
  return text;
}

// The outline of the band between low and high, in pieces where one of them is no number.
export function band(xs, low, high, sx, sy) {
  let text = "";
  let piece = [];
  const close = () => {
    if (piece.length > 1) {
      const back = [...piece].reverse();
      const there = piece.map(([x, , top]) => `${x.toFixed(1)} ${top.toFixed(1)}`);
      const home = back.map(([x, bottom]) => `${x.toFixed(1)} ${bottom.toFixed(1)}`);
      text += `M${[...there, ...home].join("L")}Z`;
    }
    piece = [];
  };
  for (let k = 0; k < xs.length; k++) {
    const corner = [sx(xs[k]), sy(low[k]), sy(high[k])];
    if (corner.every(Number.isFinite)) piece.push(corner);
    else close();
  }
  close();
  return text;
}

// From 0 to 1 a colour that grows lighter all the way, from dark blue over green to pale yellow.
const RAMP = [[20, 24, 82], [0, 92, 138], [0, 143, 126], [104, 188, 84], [250, 236, 130]];

export function colour(share) {
  const place = Math.min(Math.max(share, 0), 1) * (RAMP.length - 1);
  const below = Math.min(Math.floor(place), RAMP.length - 2);
  return RAMP[below].map((c, n) => Math.round(c + (place - below) * (RAMP[below + 1][n] - c)));
}

// The least and the largest of the numbers that a scale can hold.
export function ends(values, log = false) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value) || (log && value <= 0)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low <= high ? [low, high] : [0, 1];
}

// Where cells around evenly spaced numbers begin and end.
export function edges(values) {
  const half = (values[1] - values[0]) / 2;
  return [values[0] - half, values[values.length - 1] + half];
}

// Which of the points lies nearest to a place on the screen; -1 where there is none.
export function nearest(xs, ys, sx, sy, px, py) {
  let [best, least] = [-1, Infinity];
  for (let k = 0; k < xs.length; k++) {
    const distance = (sx(xs[k]) - px) ** 2 + (sy(ys[k]) - py) ** 2;
    if (distance < least) [best, least] = [k, distance];
  }
  return best;
}

// Which of sorted or unsorted numbers is nearest to a value.
export function closest(values, value) {
  let best = 0;
  for (let k = 1; k < values.length; k++) {
    if (Math.abs(values[k] - value) < Math.abs(values[best] - value)) best = k;
  }
  return best;
}

// The part of an array that the controls choose: { offset, shape, by } of all numbers, by state,
// or { each }, such arrays side by side.
export function chosen(array, numbers, state) {
  if (array.each) return Float32Array.from(array.each.flatMap((one) => [...chosen(one, numbers, state)]));
  const shape = array.shape;
  let [offset, size] = [0, shape.reduce((product, length) => product * length, 1)];
  array.by.forEach((name, axis) => {
    size /= shape[axis];
    offset += size * Math.min(Math.max(state[name], 0), shape[axis] - 1);
  });
  return numbers.subarray(array.offset + offset, array.offset + offset + size);
}

// A state as the end of an address, and back: "fig-a:alpha=3;formula=sin(x)".
export function written(id, state) {
  const pairs = Object.entries(state).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return `${id}:${pairs.join(";")}`;
}

export function read(text, id, state) {
  if (!text.startsWith(`${id}:`)) return null;
  const found = { ...state };
  for (const pair of text.slice(id.length + 1).split(";")) {
    const [name, value] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
    if (!(name in state)) continue;
    const whole = Number(value);
    if (typeof state[name] !== "number") found[name] = decoded(value);
    else if (Number.isInteger(whole) && whole >= 0) found[name] = whole;
  }
  return found;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {  // somebody cut the address short
    return text;
  }
}

// Rows of cells as a file of comma-separated values.
export function csv(rows) {
  const quoted = (cell) => (/[",\n]/.test(cell) ? `"${String(cell).replaceAll('"', '""')}"` : cell);
  return rows.map((row) => row.map(quoted).join(",")).join("\n") + "\n";
}
