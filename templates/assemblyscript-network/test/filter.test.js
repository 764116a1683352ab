// Unit tests on the built module: `npm run build`, then `npm test`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadFilter } from "./host.js";

const file = new URL("../build/{{name}}.wasm", import.meta.url);

test("passes data on, greets once and counts", async () => {
  const filter = await loadFilter(file, '{ "banner": "welcome" }');
  const connection = filter.connect();
  assert.equal(connection.fromClient("hello"), "hello");
  assert.equal(connection.fromUpstream("answer"), "welcome\nanswer");
  assert.equal(connection.fromUpstream("more"), "more");
  connection.end();
  assert.deepEqual(filter.logs, [
    { level: 2, message: "5 bytes in, 10 bytes out" },
  ]);
});

test("closes a connection that starts with what is blocked", async () => {
  const filter = await loadFilter(file);
  const connection = filter.connect();
  assert.equal(connection.fromClient("BLOCKED, please"), "");
  assert.deepEqual(connection.closed, [2]);
  assert.equal(filter.logs[0].message, "blocked");
});

test("only the beginning of a connection counts", async () => {
  const filter = await loadFilter(file);
  for (const first of ["BLOCK", "not BLOCKED"]) {
    const connection = filter.connect();
    assert.equal(connection.fromClient(first), first);
    assert.equal(connection.fromClient("BLOCKED"), "BLOCKED");
    assert.deepEqual(connection.closed, []);
  }
});

test("blocks nothing without a prefix", async () => {
  const filter = await loadFilter(file, '{ "blockedPrefix": "" }');
  assert.equal(filter.connect().fromClient("BLOCKED"), "BLOCKED");
});

const wrong = ["{", "text", '{"banner": 1}', '{"baner": "typo"}', "{} x"];
for (const text of wrong) {
  test(`refuses the configuration ${text}`, async () => {
    const filter = await loadFilter(file, text);
    assert.equal(filter.configured, false);
    assert.match(filter.logs[0].message, /^invalid configuration: /);
  });
}
