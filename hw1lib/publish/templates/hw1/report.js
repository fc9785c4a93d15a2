// What the page does beyond showing itself; without this script it is complete.
"use strict";

const all = (selector) => [...document.querySelectorAll(selector)];

// Contents: the place that is being read; folded on a small screen.
const wide = matchMedia("(min-width: 68rem)");
const folder = document.querySelector("#TOC details");
const links = new Map(all("#TOC a").map((link) => [decodeURIComponent(link.hash.slice(1)), link]));
const headings = all("h2, h3").filter((heading) => links.has(heading.id));
if (folder) {
  const fold = () => { folder.open = wide.matches; };
  wide.addEventListener("change", fold);
  fold();
  folder.addEventListener("click", (event) => {
    if (event.target.closest("a") && !wide.matches) fold();
  });
}
let place = null;
function follow() {
  const passed = headings.filter((heading) => heading.getBoundingClientRect().top < innerHeight / 4);
  const here = passed.length ? links.get(passed[passed.length - 1].id) : null;
  if (here === place) return;
  place?.removeAttribute("aria-current");
  here?.setAttribute("aria-current", "location");
  place = here;
  const nav = document.getElementById("TOC");
  if (here && wide.matches) {
    const [outer, inner] = [nav.getBoundingClientRect(), here.getBoundingClientRect()];
    if (inner.top < outer.top + 40 || inner.bottom > outer.bottom - 40) {
      nav.scrollTop += inner.top - outer.top - outer.height / 3;
    }
  }
}
addEventListener("scroll", () => requestAnimationFrame(follow), { passive: true });
addEventListener("load", follow);

// Regions that scroll: a stop for the keyboard only where there is something to scroll.
const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const scrolls = target.scrollWidth > target.clientWidth + 1;
    if (scrolls) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
all('main [tabindex="0"]').forEach((region) => sizes.observe(region));

// Citations: the entry of the bibliography, at the pointer or the focus.
const tip = document.createElement("div");
Object.assign(tip, { id: "entry", className: "entry", hidden: true });
tip.setAttribute("role", "tooltip");
document.querySelector("main").append(tip);
let waiting = 0;
const hide = () => { tip.hidden = true; };
const soon = () => { waiting = setTimeout(hide, 200); };
function tell(link) {
  clearTimeout(waiting);
  tip.textContent = link.dataset.entry;
  tip.hidden = false;
  const box = link.getBoundingClientRect();
  const left = Math.min(box.left, document.documentElement.clientWidth - tip.offsetWidth - 8);
  const below = box.bottom + tip.offsetHeight + 12 < innerHeight;
  tip.style.left = `${Math.max(8, left) + scrollX}px`;
  tip.style.top = `${(below ? box.bottom + 4 : box.top - tip.offsetHeight - 4) + scrollY}px`;
}
for (const link of all("a.citation-link")) {
  link.dataset.entry = link.title;
  link.removeAttribute("title");
  link.setAttribute("aria-describedby", tip.id);
  for (const event of ["mouseenter", "focus"]) link.addEventListener(event, () => tell(link));
  for (const event of ["mouseleave", "blur"]) link.addEventListener(event, soon);
}
tip.addEventListener("mouseenter", () => clearTimeout(waiting));
tip.addEventListener("mouseleave", soon);
addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });

// Figures: enlarged on demand, and handed out as files.
const dialog = document.createElement("dialog");
dialog.innerHTML = '<form method="dialog"><button>Close</button></form>' +
  '<div class="large" role="region" tabindex="0"></div>';
document.body.append(dialog);
const large = dialog.querySelector(".large");
function enlarge(figure) {
  const picture = figure.querySelector("img");
  const copy = Object.assign(new Image(), { src: picture.src, alt: picture.alt });
  const name = figure.querySelector("figcaption strong")?.textContent.replace(/\.$/, "") ?? "Figure";
  dialog.setAttribute("aria-label", `${name}, enlarged`);
  large.setAttribute("aria-label", name);
  large.replaceChildren(copy);
  dialog.showModal();
}
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
function save(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob) });
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
for (const figure of all("figure")) {
  const picture = figure.querySelector("img");
  if (!picture) continue;
  picture.addEventListener("click", () => enlarge(figure));
  picture.classList.add("enlarges");
  const button = Object.assign(document.createElement("button"), { textContent: "Enlarge" });
  button.addEventListener("click", () => enlarge(figure));
  figure.querySelector(".files")?.prepend(button);
  const svg = figure.querySelector("a.svg");
  if (!svg || !picture.src.startsWith("data:image/svg+xml")) continue;
  svg.hidden = false;
  svg.href = "#" + figure.id;
  svg.addEventListener("click", (event) => {
    event.preventDefault();
    const text = decodeURIComponent(picture.src.slice(picture.src.indexOf(",") + 1));
    save(new Blob([text], { type: "image/svg+xml" }), svg.download);
  });
}
for (const link of all("a.csv")) {
  if (!window.DecompressionStream) break;
  const name = link.download.replace(/\.gz$/, "");
  link.addEventListener("click", async (event) => {
    if (link.download === name) return;
    event.preventDefault();
    const packed = Uint8Array.from(atob(link.href.split(",")[1]), (sign) => sign.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    save(new Blob([await new Response(stream).blob()], { type: "text/csv" }), name);
  });
}
