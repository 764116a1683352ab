// Unit tests on the built module: `npm run build`, then `npm test`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadFilter } from "./host.js";

const file = new URL("../build/{{name}}.wasm", import.meta.url);

async function asked(configuration, headers = {}) {
  const settings = { cluster: "auth", ...configuration };
  const filter = await loadFilter(file, JSON.stringify(settings));
  return filter.request({ ":path": "/page?x=1", ...headers });
}

test("asks with the headers that it forwards", async () => {
  const headers = { authorization: "me", cookie: "a=b", accept: "text/html" };
  const request = await asked({ timeoutMs: 250 }, headers);
  assert.equal(request.held, true);
  assert.deepEqual(request.call, {
    cluster: "auth",
    headers: {
      ":method": "POST",
      ":path": "/authorize",
      ":authority": "auth",
      "x-original-method": "GET",
      "x-original-path": "/page?x=1",
      authorization: "me",
      cookie: "a=b",
    },
    timeoutMs: 250,
  });
});

test("200 lets the request pass, with the headers that are copied", async () => {
  const copyHeaders = ["x-user", "x-role"];
  const forged = { "x-user": "forged", "x-role": "forged" };
  const request = await asked({ copyHeaders }, forged);
  request.answerCall({ ":status": "200", "x-user": "ann", "x-other": "1" });
  assert.equal(request.continued, true);
  assert.equal(request.requestHeaders["x-user"], "ann");
  assert.equal(request.requestHeaders["x-role"], undefined);
  assert.equal(request.requestHeaders["x-other"], undefined);
});

for (const status of ["302", "401", "403"]) {
  test(`${status} goes to the client as it is`, async () => {
    const request = await asked();
    const answer = { ":status": status, location: "/login", "x-other": "1" };
    request.answerCall(answer, "who are you?");
    assert.equal(request.continued, false);
    assert.deepEqual(request.reply, {
      status: Number(status),
      body: "who are you?",
      headers: { location: "/login" },
    });
  });
}

for (const status of ["204", "404", "500", undefined]) {
  const answer = status === undefined ? {} : { ":status": status };

  test(`${status} is no verdict`, async () => {
    const request = await asked();
    request.answerCall(answer);
    assert.equal(request.continued, false);
    assert.equal(request.reply.status, 503);
    assert.equal(request.reply.body, "authorization is not available\n");
  });

  test(`${status} lets pass with failOpen`, async () => {
    const request = await asked({ failOpen: true });
    request.answerCall(answer);
    assert.equal(request.continued, true);
    assert.equal(request.reply, undefined);
  });
}

test("nobody can be asked", async () => {
  const closed = await loadFilter(file, '{"cluster":"auth"}');
  closed.noCalls = true;
  const refused = closed.request();
  assert.deepEqual([refused.held, refused.reply.status], [true, 503]);
  const open = await loadFilter(file, '{"cluster":"auth","failOpen":true}');
  open.noCalls = true;
  const passed = open.request();
  assert.deepEqual([passed.held, passed.reply], [false, undefined]);
});

const wrong = ["", "{}", '{"cluster":""}', '{"cluster":"a","failopen":true}'];
wrong.push('{"cluster":"a","failOpen":"true"}');
for (const text of wrong) {
  test(`refuses the configuration ${text}`, async () => {
    const filter = await loadFilter(file, text);
    assert.equal(filter.configured, false);
    assert.match(filter.logs[0].message, /^invalid configuration: /);
  });
}
