// Unit tests on the built module: `npm run build`, then `npm test`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadFilter } from "./host.js";

const file = new URL("../build/{{name}}.wasm", import.meta.url);

test("sets and removes headers in both directions", async () => {
  const configuration = {
    request: { "x-a": "1" },
    response: { "x-b": "2", "x-c": "3" },
    removeFromRequest: ["x-internal"],
    removeFromResponse: ["server"],
  };
  const filter = await loadFilter(file, JSON.stringify(configuration));
  const request = filter.request({ "x-a": "mine", "x-internal": "yes" });
  request.respond({ ":status": "200", server: "me" });
  assert.equal(request.requestHeaders["x-a"], "1");
  assert.equal(request.requestHeaders["x-internal"], undefined);
  assert.deepEqual(request.responseHeaders, {
    ":status": "200",
    "x-b": "2",
    "x-c": "3",
  });
});

test("does nothing without a configuration", async () => {
  const filter = await loadFilter(file);
  const request = filter.request({ "x-a": "mine" });
  assert.equal(request.requestHeaders["x-a"], "mine");
  assert.deepEqual(filter.logs, []);
});

const wrong = ['{"respnse":{}}', '{"response":{"a":1}}', '{"response":[]}'];
wrong.push('{"removeFromRequest":[1]}', "[]", '"text"', '{"request":{}', "{}}");
for (const text of wrong) {
  test(`refuses the configuration ${text}`, async () => {
    const filter = await loadFilter(file, text);
    assert.equal(filter.configured, false);
    assert.match(filter.logs[0].message, /^invalid configuration: /);
  });
}
