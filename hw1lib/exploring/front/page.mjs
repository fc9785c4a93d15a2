// Without a kernel: each explorer of the page is drawn in the place of its picture, by its data.
import { read, written } from "./plot.mjs";
import explorer from "./explorer.mjs";

function model(values, changed) {
  const heard = {};
  return {
    get: (name) => values[name],
    set(name, value) {
      values[name] = value;
      for (const listener of heard[`change:${name}`] ?? []) listener();
    },
    on: (event, listener) => { (heard[event] ??= []).push(listener); },
    off() {},
    send() {},
    save_changes: () => changed(values.state),
  };
}

async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new DataView(await new Response(stream).arrayBuffer());
}

const address = () => location.hash.slice(1);

for (const script of document.querySelectorAll("script[data-explores]")) {
  const id = script.dataset.explores;
  const figure = document.getElementById(id);
  if (!figure || !window.DecompressionStream) continue;
  const { header, state, numbers } = JSON.parse(script.textContent);
  let started = false;
  const start = async () => {
    if (started) return;
    started = true;
    const values = { header, numbers: await unpacked(numbers), kernel: false };
    values.state = read(address(), id, state) ?? state;
    const said = (now) => history.replaceState(null, "", `#${written(id, now)}`);
    const el = Object.assign(document.createElement("div"), { className: "explores" });
    figure.prepend(el);
    const made = model(values, said);
    explorer.render({ model: made, el });
    figure.classList.add("explored");
    addEventListener("hashchange", () => {
      const asked = read(address(), id, made.get("state"));
      if (asked) made.set("state", asked);
    });
  };
  const near = new IntersectionObserver((seen) => {
    if (seen.some((one) => one.isIntersecting)) start();
  }, { rootMargin: "400px" });
  near.observe(figure);
  if (read(address(), id, state)) start().then(() => figure.scrollIntoView());
}
