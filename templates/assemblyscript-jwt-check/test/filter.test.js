// Unit tests on the built module: `npm run build`, then `npm test`.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { loadFilter } from "./host.js";

const file = new URL("../build/{{name}}.wasm", import.meta.url);

function token(header, claims, secret = "key") {
  const encode = (json) => Buffer.from(json).toString("base64url");
  const signed = `${encode(header)}.${encode(claims)}`;
  const mac = createHmac("sha256", secret).update(signed);
  return `${signed}.${mac.digest("base64url")}`;
}

const hs256 = '{"alg":"HS256"}';

async function filterWith(configuration) {
  const filter = await loadFilter(file, JSON.stringify(configuration));
  filter.time(100_999);
  return filter;
}

const ask = (filter, text, headers = {}) =>
  filter.request({ authorization: `Bearer ${text}`, ...headers });

test("a valid token gives its claims", async () => {
  const claimHeaders = { sub: "x-user", exp: "x-exp", roles: "x-roles" };
  claimHeaders.none = "x-none";
  const filter = await filterWith({ secret: "key", claimHeaders });
  const claims = '{"sub":"änn","exp":101,"nbf":100,"roles":["a", {"b":null}]}';
  const request = ask(filter, token(hs256, claims), { "x-none": "forged" });
  assert.equal(request.held, false);
  assert.equal(request.requestHeaders["x-user"], "änn");
  assert.equal(request.requestHeaders["x-exp"], "101");
  assert.equal(request.requestHeaders["x-roles"], '["a",{"b":null}]');
  assert.equal(request.requestHeaders["x-none"], undefined);
});

test("a claim with a line break is put into no header", async () => {
  const filter = await filterWith({
    secret: "key",
    claimHeaders: { sub: "x-user" },
  });
  const forged = token(hs256, '{"sub":"ann\\r\\nx-admin: yes"}');
  const request = ask(filter, forged, { "x-user": "forged" });
  assert.equal(request.held, false);
  assert.equal(request.requestHeaders["x-user"], undefined);
});

// Around the ends of a block, where padding goes wrong first.
test("signatures of all lengths of keys and tokens", async () => {
  for (const keySize of [1, 55, 56, 63, 64, 65, 119, 120, 200]) {
    const secret = "k".repeat(keySize);
    const filter = await filterWith({ secret });
    for (let size = 0; size < 130; size += 1) {
      const good = token(hs256, `{"a":"${"x".repeat(size)}"}`, secret);
      assert.equal(ask(filter, good).held, false, `${keySize} ${size}`);
    }
  }
});

const good = token(hs256, '{"iss":"me"}');
const [head, body, signature] = good.split(".");
for (const [name, text, reason] of [
  ["another key", token(hs256, "{}", "other"), "wrong signature"],
  ["other claims", `${head}.${body}x.${signature}`, "wrong signature"],
  ["a short signature", `${head}.${body}.${signature.slice(0, 40)}`],
  ["no signature", `${head}.${body}.`, "wrong signature"],
  ["padding", `${good}=`, "not a token"],
  ["another algorithm", token('{"alg":"none"}', "{}"), "wrong algorithm"],
  ["no algorithm", token("{}", "{}"), "wrong algorithm"],
  ["an end that is now", token(hs256, '{"exp":100}'), "expired"],
  ["an end that is no number", token(hs256, '{"exp":"later"}'), "expired"],
  ["an end that is null", token(hs256, '{"exp":null}'), "expired"],
  ["a start that is to come", token(hs256, '{"nbf":101}'), "not yet valid"],
  ["a start that is no number", token(hs256, '{"nbf":"0"}'), "not yet valid"],
  ["another issuer", token(hs256, '{"iss":"you"}'), "wrong issuer"],
  ["no issuer", token(hs256, "{}"), "wrong issuer"],
  ["claims that are no object", token(hs256, "[]"), "not a token"],
  ["claims that are no JSON", token(hs256, '{"a":1'), "not a token"],
  ["a header that is no JSON", token("{", "{}"), "not a token"],
  ["no dots", "abc", "not a token"],
  ["one dot", "a.b", "not a token"],
  ["three letters", "a.b.c", "not a token"],
  ["nothing", "", "not a token"],
]) {
  test(`refuses ${name}`, async () => {
    const filter = await filterWith({ secret: "key", issuer: "me" });
    const request = ask(filter, text);
    assert.equal(request.held, true);
    assert.deepEqual(request.reply, {
      status: 401,
      body: `${reason ?? "wrong signature"}\n`,
      headers: { "www-authenticate": "Bearer" },
    });
  });
}

test("refuses a request without a token", async () => {
  const filter = await filterWith({ secret: "key" });
  assert.equal(filter.request().reply.body, "no token\n");
  const basic = filter.request({ authorization: "Basic YTpi" });
  assert.equal(basic.reply.body, "no token\n");
});

for (const text of ["", "{}", '{"secret":""}', '{"secret":"a","key":"b"}']) {
  test(`refuses the configuration ${text}`, async () => {
    const filter = await loadFilter(file, text);
    assert.equal(filter.configured, false);
    assert.match(filter.logs[0].message, /^invalid configuration: /);
  });
}
