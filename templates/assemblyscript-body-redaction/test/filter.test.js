// Unit tests on the built module: `npm run build`, then `npm test`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadFilter } from "./host.js";

const file = new URL("../build/{{name}}.wasm", import.meta.url);

async function response(configuration, contentType = "text/plain") {
  const filter = await loadFilter(file, JSON.stringify(configuration));
  assert.equal(filter.configured, true, filter.logs[0]?.message);
  const request = filter.request({ "accept-encoding": "gzip" });
  const headers = { ":status": "200", "content-length": "9" };
  request.respond({ ...headers, "content-type": contentType }, true);
  return request;
}

test("holds the body until it is complete and replaces what matches", async () => {
  const request = await response({ patterns: ["secret", "\\d{4}"] });
  assert.equal(request.requestHeaders["accept-encoding"], undefined);
  assert.equal(request.responseHeaders["content-length"], undefined);
  assert.equal(request.respondBody("a sec", false), "");
  const sent = request.respondBody("ret, 1234");
  assert.equal(sent, "a [redacted], [redacted]");
});

test("a body that trailers follow", async () => {
  const request = await response({ patterns: ["secret"] });
  assert.equal(request.respondBody("a secret", false), "");
  assert.equal(request.respondTrailers(), "a [redacted]");
});

test("a dollar sign in the replacement is one", async () => {
  const request = await response({ patterns: ["a"], replacement: "$1" });
  assert.equal(request.respondBody("banana"), "b$1n$1n$1");
});

test("content types decide", async () => {
  const patterns = ["secret"];
  for (const [type, sent] of [
    ["application/json; charset=utf-8", "[redacted]"],
    ["image/png", "secret"],
    ["", "secret"],
  ]) {
    const request = await response({ patterns }, type);
    assert.equal(request.respondBody("secret"), sent);
    const kept = sent === "secret" ? "9" : undefined;
    assert.equal(request.responseHeaders["content-length"], kept);
  }
});

// What JavaScript's own expressions find is what these must find.
const texts = ["", "a", "aaa", "abab", "foobar", "a.b-c_d 12", "x1y22z333"];
texts.push(
  "1234 5678-90123456",
  "ä € 😀 ü",
  "line\nline",
  "foo bar\tfoo",
  "]-^",
);
for (const source of [
  "a",
  "a*b",
  "a+",
  "a+?",
  "a??b",
  "(?:ab)+",
  "(a|ab)(c|bab)?",
  "foo|foobar",
  "foobar|foo",
  "o{2}",
  "\\d{2,}",
  "\\d{1,2}",
  "\\d{2,3}?",
  "(\\w|-){3}",
  "[a-c]+",
  "[^a-c]",
  "[^a-c ]+",
  "[]a-]".replace("[]", "[\\]"),
  "[\\^a\\-]",
  "[\\d_]+",
  "[-x]",
  ".",
  ".+",
  ". .",
  "\\D+",
  "\\S\\s",
  "\\W",
  "\\bfoo\\b",
  "\\Bo",
  "^line",
  "line$",
  "ü|€",
  "😀?.",
  "(|a)+b",
  "((a*)*)*b",
  "\\.|\\[|\\]|\\t",
  "\\b\\d{4}[ -]?\\d{4}[ -]?\\d{4}[ -]?\\d{4}\\b",
]) {
  test(`finds ${source} as JavaScript does`, async () => {
    const expression = new RegExp(source, "gu");
    for (const text of texts) {
      const request = await response({ patterns: [source], replacement: "<>" });
      const wanted = text.replace(expression, (found) => found && "<>");
      assert.equal(request.respondBody(text), wanted);
    }
  });
}

test("does not hang on patterns that are written badly", async () => {
  const request = await response({ patterns: ["(x+x+)+y", "(.*)*z"] });
  const text = "x".repeat(20_000);
  assert.equal(request.respondBody(text), text);
});

const wrong = ["(", ")", "[a", "[z-a]", "a**", "*", "{2}", "a{2", "a{3,2}"];
wrong.push("\\", "\\1", "\\p{L}", "(?=a)", "(?i)a", "[ä]", "[\\D]", "[[:a:]]");
wrong.push("a{9999}", "(a{99}){99}", "(".repeat(99) + ")".repeat(99));
for (const source of wrong) {
  test(`refuses the pattern ${source.slice(0, 20)}`, async () => {
    const filter = await loadFilter(
      file,
      JSON.stringify({ patterns: [source] }),
    );
    assert.equal(filter.configured, false);
    assert.match(filter.logs[0].message, /^invalid configuration: pattern /);
  });
}

test("refuses an unknown field", async () => {
  const filter = await loadFilter(file, '{"pattern":[]}');
  assert.equal(filter.configured, false);
});
