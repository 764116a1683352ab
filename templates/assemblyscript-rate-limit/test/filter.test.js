// Unit tests on the built module: `npm run build`, then `npm test`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadFilter } from "./host.js";

const file = new URL("../build/{{name}}.wasm", import.meta.url);
const status = (request) => request.reply?.status;

test("counts each client in each window from one", async () => {
  const configuration = { limit: 2, windowMs: 2000, keyHeader: "x-client" };
  const filter = await loadFilter(file, JSON.stringify(configuration));
  const ask = (client) => status(filter.request({ "x-client": client }));
  filter.time(4500);
  assert.deepEqual([ask("a"), ask("a"), ask("a")], [undefined, undefined, 429]);
  assert.equal(ask("b"), undefined);
  const refused = filter.request({ "x-client": "a" });
  assert.equal(refused.held, true);
  assert.deepEqual(refused.reply.headers, { "retry-after": "2" });
  assert.equal(refused.reply.body, "too many requests\n");
  filter.time(6000);
  assert.equal(ask("a"), undefined);
});

test("tells clients apart by their address, without the port", async () => {
  const filter = await loadFilter(file, '{"limit":1}');
  const ask = (address) => {
    filter.properties["source.address"] = address;
    return status(filter.request());
  };
  assert.equal(ask("10.0.0.1:1000"), undefined);
  assert.equal(ask("10.0.0.1:2000"), 429);
  assert.equal(ask("[::1]:1000"), undefined);
  assert.equal(ask("[::1]:2000"), 429);
});

test("tries again when another thread was faster, and gives up", async () => {
  const filter = await loadFilter(file, '{"limit":0}');
  filter.fasterThreads = 19;
  assert.equal(status(filter.request()), 429);
  filter.fasterThreads = 20;
  assert.equal(status(filter.request()), undefined);
  assert.match(filter.logs[0].message, /^not counted/);
});

test("starts again over what it did not write", async () => {
  const filter = await loadFilter(file, '{"limit":1}');
  filter.sharedData.set("{{name}}:", { bytes: Buffer.from("damaged"), cas: 1 });
  assert.equal(status(filter.request()), undefined);
});

const wrong = ['{"windowMs":0}', '{"limit":"1"}', '{"limits":1}'];
wrong.push('{"limit":-1}', '{"limit":1.5}', '{"limit":01}', '{"limit":1e99}');
for (const text of wrong) {
  test(`refuses the configuration ${text}`, async () => {
    const filter = await loadFilter(file, text);
    assert.equal(filter.configured, false);
    assert.match(filter.logs[0].message, /^invalid configuration: /);
  });
}
