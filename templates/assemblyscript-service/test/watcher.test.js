// Unit tests on the built module: `npm run build`, then `npm test`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadService } from "./host.js";

const file = new URL("../build/{{name}}.wasm", import.meta.url);

test("asks at intervals and tells each change once", async () => {
  const service = await loadService(
    file,
    '{ "cluster": "backend", "path": "/health", "intervalMs": 50 }',
  );
  assert.equal(service.periodMs, 50);
  for (const status of ["200", "204", "503", undefined]) {
    service.tick();
    service.answer(status === undefined ? {} : { ":status": status });
  }
  assert.deepEqual(service.calls[0], {
    cluster: "backend",
    headers: { ":method": "GET", ":path": "/health", ":authority": "backend" },
    timeoutMs: 50,
  });
  assert.deepEqual(service.logs, ["backend is up", "backend is down"]);
  assert.deepEqual(service.metrics, { "{{name}}_up": 0, "{{name}}_checks": 4 });
  assert.deepEqual(service.sharedData, { "{{name}}.status": "down" });
});

test("a cluster that answers is up", async () => {
  const service = await loadService(file, '{ "cluster": "backend" }');
  service.tick();
  service.answer({ ":status": "200" });
  assert.equal(service.metrics["{{name}}_up"], 1);
  assert.equal(service.sharedData["{{name}}.status"], "up");
});

test("a cluster that cannot be asked is down", async () => {
  const service = await loadService(file, '{ "cluster": "nowhere" }');
  service.noCalls = true;
  service.tick();
  assert.match(service.logs[0], /^cannot ask nowhere: /);
  assert.equal(service.logs[1], "nowhere is down");
});

test("watches nothing by default", async () => {
  const service = await loadService(file);
  service.tick();
  assert.deepEqual([service.periodMs, service.calls], [1000, []]);
});

const wrong = ["{", "text", '{"path": 1}', '{"pth": "/"}'];
wrong.push('{"intervalMs": 0}', '{"intervalMs": "1"}');
for (const text of wrong) {
  test(`refuses the configuration ${text}`, async () => {
    const service = await loadService(file, text);
    assert.equal(service.configured, false);
    assert.match(service.logs[0], /^invalid configuration: /);
  });
}
