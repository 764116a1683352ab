// Unit tests on the built module: `npm run build`, then `npm test`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadFilter } from "./host.js";

const file = new URL("../build/{{name}}.wasm", import.meta.url);

test("logs each request as JSON when it is over", async () => {
  const filter = await loadFilter(file, '{"headers":["x-who","x-none"]}');
  filter.time(1000);
  const request = filter.request({ ":path": '/a"b\\', "x-who": "m\te" });
  filter.time(1250);
  request.respond({ ":status": "404" });
  assert.deepEqual(filter.logs, []);
  request.end();
  assert.equal(filter.logs.length, 1);
  assert.equal(filter.logs[0].level, 2);
  assert.deepEqual(JSON.parse(filter.logs[0].message), {
    method: "GET",
    path: '/a"b\\',
    status: "404",
    durationMs: 250,
    headers: [["x-who", "m\te"]],
  });
});

test("counts by status and records how long requests took", async () => {
  const filter = await loadFilter(file);
  for (const status of ["200", "204", "503", "", "999", "20"]) {
    const request = filter.request();
    request.respond({ ":status": status });
    request.end();
  }
  const values = (name) =>
    filter.metrics.find((metric) => metric.name === `{{name}}_${name}`).values;
  const classes = ["1xx", "2xx", "3xx", "4xx", "5xx"];
  const counted = classes.map((name) => values(`requests_${name}`).length);
  assert.deepEqual(counted, [0, 2, 0, 0, 1]);
  assert.deepEqual(values("duration_ms"), [0, 0, 0, 0, 0, 0]);
});

test("a clock that is set back gives no duration", async () => {
  const filter = await loadFilter(file);
  filter.time(2000);
  const request = filter.request();
  filter.time(1000);
  request.respond();
  request.end();
  assert.equal(JSON.parse(filter.logs[0].message).durationMs, 0);
});

for (const text of ['{"header":[]}', '{"headers":"a"}', '{"headers":[1]}']) {
  test(`refuses the configuration ${text}`, async () => {
    const filter = await loadFilter(file, text);
    assert.equal(filter.configured, false);
    assert.match(filter.logs[0].message, /^invalid configuration: /);
  });
}
