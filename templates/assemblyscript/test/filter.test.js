// Unit tests on the built module: `npm run build`, then `npm test`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadFilter } from "./host.js";

const file = new URL("../build/{{name}}.wasm", import.meta.url);

test("changes request and response headers", async () => {
  const filter = await loadFilter(file);
  const request = filter.request({ "x-internal": "1" });
  request.respond();
  assert.equal(request.held, false);
  assert.equal(request.requestHeaders["x-filter"], "{{name}}");
  assert.equal(request.requestHeaders["x-internal"], undefined);
  assert.equal(request.responseHeaders.hello, "world");
});

test("reads a JSON configuration", async () => {
  const filter = await loadFilter(file, '{ "value": "J\\u00fcrgen \\"J\\"" }');
  const request = filter.request();
  request.respond();
  assert.equal(request.responseHeaders.hello, 'Jürgen "J"');
});

test("takes a text as the value", async () => {
  const filter = await loadFilter(file, "everybody\n");
  const request = filter.request();
  request.respond();
  assert.equal(request.responseHeaders.hello, "everybody");
});

for (const text of [
  "{",
  '{"value"}',
  '{"value": 1}',
  '{"value": "a" "b"}',
  '{"other": "x"}',
  '{"value": "\\q"}',
  "{} x",
]) {
  test(`refuses the configuration ${text}`, async () => {
    const filter = await loadFilter(file, text);
    assert.equal(filter.configured, false);
    assert.match(filter.logs[0].message, /^configuration refused: /);
  });
}

test("answers a denied path itself", async () => {
  const filter = await loadFilter(file, '{ "denyPrefix": "/private" }');
  const request = filter.request({ ":path": "/private/key" });
  assert.equal(request.held, true);
  assert.deepEqual(request.reply, {
    status: 403,
    body: "denied by {{name}}\n",
  });
  assert.equal(filter.request({ ":path": "/public" }).reply, undefined);
});

test("asks the authorization service and lets the request go on", async () => {
  const filter = await loadFilter(file, '{ "authCluster": "auth" }');
  const request = filter.request({ ":path": "/page" });
  assert.equal(request.held, true);
  assert.equal(request.call.cluster, "auth");
  assert.equal(request.call.headers["x-original-path"], "/page");
  request.answerCall({ ":status": "200" });
  assert.equal(request.continued, true);
  assert.equal(request.requestHeaders["x-auth-status"], "200");
});

test("answers 403 when the service says no, 503 when it says nothing", async () => {
  const filter = await loadFilter(file, '{ "authCluster": "auth" }');
  const refused = filter.request();
  refused.answerCall({ ":status": "401" });
  assert.equal(refused.reply.status, 403);
  const failed = filter.request();
  failed.answerCall();
  assert.equal(failed.reply.status, 503);
});

test("a new configuration takes effect and old contexts end cleanly", async () => {
  const filter = await loadFilter(file, "first");
  const before = filter.request();
  assert.equal(filter.reconfigure("second"), true);
  before.respond();
  before.end();
  const after = filter.request();
  after.respond();
  assert.equal(before.responseHeaders.hello, "first");
  assert.equal(after.responseHeaders.hello, "second");
});
