// A proxy in a few lines, enough for unit tests of this service: a timer that ticks when told to, call-outs that are
// answered by the test. `wasme test` has a complete one.
import { readFile } from "node:fs/promises";

const ok = 0;
const notFound = 1;
const rootId = 1;

/** Loads the module and configures it. `configured` says whether the service accepted the configuration. */
export async function loadService(file, configuration = "") {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  const plugin = encoder.encode(configuration);
  let wasm;
  let answer = new Map();

  const view = () => new DataView(wasm.memory.buffer);
  const read = (pointer, size) =>
    decoder.decode(new Uint8Array(wasm.memory.buffer, pointer, size));
  const give = (data, pointerAt, sizeAt) => {
    const address = wasm.malloc(data.length);
    new Uint8Array(wasm.memory.buffer, address, data.length).set(data);
    view().setUint32(pointerAt, address, true);
    view().setUint32(sizeAt, data.length, true);
    return ok;
  };
  const readPairs = (pointer) => {
    const memory = view();
    const count = memory.getUint32(pointer, true);
    let at = pointer + 4 + count * 8;
    return Array.from({ length: count }, (_, index) => {
      const nameSize = memory.getUint32(pointer + 4 + index * 8, true);
      const valueSize = memory.getUint32(pointer + 8 + index * 8, true);
      const pair = [read(at, nameSize), read(at + nameSize + 1, valueSize)];
      at += nameSize + valueSize + 2;
      return pair;
    });
  };

  const service = {
    logs: [],
    calls: [],
    metrics: {},
    sharedData: {},
    periodMs: 0,
    configured: false,
    /** Call-outs are not possible. */
    noCalls: false,
    tick() {
      wasm.proxy_on_tick(rootId);
    },
    /** The answer to the last call-out; no headers when it failed. */
    answer(headers = {}) {
      answer = new Map(Object.entries(headers));
      const token = service.calls.length;
      wasm.proxy_on_http_call_response(rootId, token, answer.size, 0, 0);
    },
  };
  const metricNames = [];
  const env = {
    proxy_log(level, pointer, size) {
      service.logs.push(read(pointer, size));
      return ok;
    },
    proxy_get_buffer_bytes: (type, start, length, pointerAt, sizeAt) =>
      give(plugin.subarray(start, start + length), pointerAt, sizeAt),
    proxy_get_header_map_value(map, pointer, size, pointerAt, sizeAt) {
      const value = answer.get(read(pointer, size));
      return value === undefined
        ? notFound
        : give(encoder.encode(value), pointerAt, sizeAt);
    },
    proxy_set_tick_period_milliseconds(periodMs) {
      service.periodMs = periodMs;
      return ok;
    },
    proxy_define_metric(type, pointer, size, idAt) {
      const name = read(pointer, size);
      view().setUint32(idAt, metricNames.push(name), true);
      service.metrics[name] = 0;
      return ok;
    },
    proxy_increment_metric(id, offset) {
      service.metrics[metricNames[id - 1]] += Number(offset);
      return ok;
    },
    proxy_record_metric(id, value) {
      service.metrics[metricNames[id - 1]] = Number(value);
      return ok;
    },
    proxy_set_shared_data(keyPointer, keySize, pointer, size) {
      service.sharedData[read(keyPointer, keySize)] = read(pointer, size);
      return ok;
    },
    proxy_http_call(...args) {
      if (service.noCalls) return notFound;
      const [pointer, size, headers] = args;
      const [timeoutMs, tokenAt] = args.slice(-2);
      const cluster = read(pointer, size);
      const asked = Object.fromEntries(readPairs(headers));
      const token = service.calls.push({ cluster, headers: asked, timeoutMs });
      view().setUint32(tokenAt, token, true);
      return ok;
    },
    proxy_set_effective_context: () => ok,
  };
  const missing = (name) => () => {
    throw new Error(`the test host has no ${name}`);
  };
  const imports = { env: {}, wasi_snapshot_preview1: {} };
  const module = await WebAssembly.compile(await readFile(file));
  for (const item of WebAssembly.Module.imports(module)) {
    imports[item.module][item.name] = env[item.name] ?? missing(item.name);
  }
  wasm = (await WebAssembly.instantiate(module, imports)).exports;
  wasm._initialize();
  wasm.proxy_on_context_create(rootId, 0);
  wasm.proxy_on_vm_start(rootId, 0);
  service.configured = wasm.proxy_on_configure(rootId, plugin.length) === 1;
  return service;
}
