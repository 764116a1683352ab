// Unit tests on the built module: `npm run build`, then `npm test`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadFilter } from "./host.js";

const file = new URL("../build/{{name}}.wasm", import.meta.url);

test("greets in both directions and hides x-powered-by", async () => {
  const filter = await loadFilter(file);
  const request = filter.request();
  request.respond({ ":status": "200", "x-powered-by": "PHP" });
  assert.equal(request.held, false);
  assert.equal(request.requestHeaders["x-greeting"], "hello");
  assert.equal(request.responseHeaders["x-greeting"], "hello");
  assert.equal(request.responseHeaders["x-powered-by"], undefined);
});

test("reads a JSON configuration", async () => {
  const text = '{ "greeting": "J\\u00fcrgen \\"J\\"", "blockedPath": "" }';
  const filter = await loadFilter(file, text);
  const request = filter.request({ ":path": "/blocked" });
  assert.equal(request.requestHeaders["x-greeting"], 'Jürgen "J"');
});

test("takes a bare text as the greeting", async () => {
  const filter = await loadFilter(file, "world\n");
  assert.equal(filter.request().requestHeaders["x-greeting"], "world");
});

const wrong = ["{", '{"greeting"}', '{"greeting": 1}', '{"greeting": "a" "b"}'];
wrong.push('{"greting": "typo"}', '{"greeting": "\\q"}', "{} x");
for (const text of wrong) {
  test(`refuses the configuration ${text}`, async () => {
    const filter = await loadFilter(file, text);
    assert.equal(filter.configured, false);
    assert.match(filter.logs[0].message, /^invalid configuration: /);
  });
}

test("answers a blocked path, and what is below it, itself", async () => {
  const filter = await loadFilter(file);
  for (const path of ["/blocked", "/blocked/a", "/blocked?x=1"]) {
    const request = filter.request({ ":path": path });
    assert.equal(request.held, true);
    assert.deepEqual(request.reply, {
      status: 403,
      body: "blocked by {{name}}\n",
      headers: { "x-answered-by": "{{name}}" },
    });
  }
  for (const path of ["/", "/blockedness", "/a/blocked"]) {
    assert.equal(filter.request({ ":path": path }).reply, undefined);
  }
});

test("asks the check cluster, and a 200 lets the request continue", async () => {
  const filter = await loadFilter(file, '{ "checkCluster": "auth" }');
  const request = filter.request({ ":path": "/page" });
  assert.equal(request.held, true);
  assert.equal(request.call.cluster, "auth");
  assert.equal(request.call.timeoutMs, 1000);
  assert.equal(request.call.headers["x-original-path"], "/page");
  request.answerCall({ ":status": "200" });
  assert.equal(request.continued, true);
  assert.equal(request.requestHeaders["x-checked"], "yes");
});

for (const [status, reply] of [
  ["401", 403],
  ["204", 403],
  ["500", 503],
  [undefined, 503],
]) {
  test(`a check that answers ${status} gives ${reply}`, async () => {
    const filter = await loadFilter(file, '{ "checkCluster": "auth" }');
    const request = filter.request();
    request.answerCall(status === undefined ? {} : { ":status": status });
    assert.equal(request.reply.status, reply);
    assert.equal(request.continued, false);
  });
}

test("logs each request when it is over", async () => {
  const filter = await loadFilter(file);
  const request = filter.request({ ":path": "/a" });
  request.respond();
  request.end();
  assert.deepEqual(filter.logs, [{ level: 2, message: "GET /a 200" }]);
});

test("a new configuration takes effect and old contexts end cleanly", async () => {
  const filter = await loadFilter(file, "first");
  const before = filter.request();
  assert.equal(filter.reconfigure("second"), true);
  before.respond();
  before.end();
  const after = filter.request();
  after.respond();
  assert.equal(before.responseHeaders["x-greeting"], "first");
  assert.equal(after.responseHeaders["x-greeting"], "second");
});
