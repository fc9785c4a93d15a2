// The pure functions of the front end, by hand-made cases; `node --test` runs this file.
import assert from "node:assert/strict";
import test from "node:test";
import * as plot from "../../hw1lib/exploring/front/plot.mjs";

test("a scale sends ends to ends and the middle to the middle", () => {
  const linear = plot.scale(-1, 3, 100, 300);
  assert.deepEqual([-1, 1, 3].map(linear), [100, 200, 300]);
  const log = plot.scale(1e-4, 1, 200, 0, true);
  assert.deepEqual([1e-4, 1e-2, 1].map((v) => Math.round(log(v))), [200, 100, 0]);
  assert.equal(Number.isFinite(log(0)), false);
  assert.equal(plot.scale(2, 2, 5, 9)(2), 5);
});

test("ticks are round numbers between the ends", () => {
  assert.deepEqual(plot.ticks(-1, 1), [-1, -0.5, 0, 0.5, 1]);
  assert.deepEqual(plot.ticks(0, 0.3), [0, 0.1, 0.2, 0.3]);
  assert.deepEqual(plot.ticks(3, 3), [3]);
  assert.deepEqual(plot.ticks(1e-3, 10, 5, true), [1e-3, 1e-2, 0.1, 1, 10]);
  assert.deepEqual(plot.ticks(1e-12, 1, 5, true), [1e-12, 1e-9, 1e-6, 1e-3, 1]);
  assert.deepEqual(plot.ticks(2, 6, 4, true), [2, 3, 4, 5, 6]);
});

test("numbers are written as a reader writes them", () => {
  const said = [0, -0.25, 1234567, 20000, 1e-5, -2.5e-9, NaN, Infinity].map(plot.digits);
  assert.deepEqual(said, ["0", "−0.25", "1.23×10⁶", "20,000", "10⁻⁵", "−2.5×10⁻⁹", "none", "∞"]);
});

test("a path breaks where there is no number", () => {
  const same = (value) => value;
  assert.equal(plot.path([0, 1, 2, 3], [5, 6, NaN, 7], same, same), "M0.0 5.0L1.0 6.0M3.0 7.0");
});

test("a band goes there above and comes back below", () => {
  const same = (value) => value;
  const text = plot.band([0, 1, 2], [1, 2, NaN], [3, 4, 5], same, same);
  assert.equal(text, "M0.0 3.0L1.0 4.0L1.0 2.0L0.0 1.0Z");
});

test("colours grow lighter and stay within their ends", () => {
  const light = ([r, g, b]) => 0.2126 * r + 0.7152 * g + 0.0722 * b;
  const shades = Array.from({ length: 33 }, (_, n) => light(plot.colour(n / 32)));
  assert.ok(shades.every((shade, n) => !n || shade > shades[n - 1]));
  assert.deepEqual(plot.colour(-3), plot.colour(0));
  assert.deepEqual(plot.colour(7), plot.colour(1));
});

test("the nearest point is nearest on the screen, and none of what is no number", () => {
  const [sx, sy] = [plot.scale(0, 10, 0, 100), plot.scale(1, 100, 100, 0, true)];
  assert.equal(plot.nearest([0, 5, 10], [1, NaN, 100], sx, sy, 60, 50), 2);
  assert.equal(plot.nearest([NaN], [1], sx, sy, 0, 0), -1);
  assert.equal(plot.closest([0, 0.4, 1], 0.6), 1);
});

test("controls choose the part of an array that is theirs", () => {
  const numbers = Float32Array.from({ length: 26 }, (_, n) => n);
  const array = { offset: 2, shape: [2, 3, 4], by: ["a", "b"] };
  assert.deepEqual([...plot.chosen(array, numbers, { a: 1, b: 2 })], [22, 23, 24, 25]);
  assert.deepEqual([...plot.chosen(array, numbers, { a: 0, b: 99 })], [10, 11, 12, 13]);
  assert.equal(plot.chosen({ ...array, by: [] }, numbers, {}).length, 24);
  const one = (name) => ({ offset: 5, shape: [3], by: [name] });
  const each = [one("a"), one("b")];
  assert.deepEqual([...plot.chosen({ each }, numbers, { a: 2, b: 0 })], [7, 5]);
});

test("a state survives its way through an address", () => {
  const state = { alpha: 3, formula: "sin(x); a=b" };
  const text = plot.written("fig-a", state);
  assert.deepEqual(plot.read(text, "fig-a", { alpha: 0, formula: "" }), state);
  assert.equal(plot.read(text, "fig-b", state), null);
  const broken = plot.read("fig-a:alpha=x;beta=2", "fig-a", state);
  assert.deepEqual(broken, state);
  assert.equal(plot.read("fig-a:formula=%E0%A4%A", "fig-a", state).formula, "%E0%A4%A");
});

test("ends and edges are those of the numbers there are", () => {
  assert.deepEqual(plot.ends([3, NaN, -1, 2]), [-1, 3]);
  assert.deepEqual(plot.ends([3, 0, -1, 2], true), [2, 3]);
  assert.deepEqual(plot.ends([NaN]), [0, 1]);
  assert.deepEqual(plot.edges([0, 2, 4]), [-1, 5]);
});

test("a cell with a comma is quoted", () => {
  assert.equal(plot.csv([["a,b", 1], ['say "x"', ""]]), '"a,b",1\n"say ""x""",\n');
});
