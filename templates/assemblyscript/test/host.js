// A proxy in a few lines, enough for unit tests of this filter: it keeps header maps and records what the filter asks
// for. `wasme test` and `wasme run` have a complete one.
import { readFile } from "node:fs/promises";

const ok = 0;
const notFound = 1;
const maps = { request: 0, response: 2, call: 6 };
const rootId = 1;

/** Loads the module and configures it. `configured` says whether the filter accepted the configuration. */
export async function loadFilter(file, configuration = "") {
  const bytes = await readFile(file);
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  let plugin = encoder.encode(configuration);
  let wasm;
  let stream;

  const memory = () => new DataView(wasm.memory.buffer);
  const read = (pointer, size) =>
    decoder.decode(new Uint8Array(wasm.memory.buffer, pointer, size));
  const give = (data, pointerAt, sizeAt) => {
    const address = wasm.malloc(data.length);
    new Uint8Array(wasm.memory.buffer, address, data.length).set(data);
    memory().setUint32(pointerAt, address, true);
    memory().setUint32(sizeAt, data.length, true);
    return ok;
  };
  const readPairs = (pointer) => {
    const view = memory();
    const count = view.getUint32(pointer, true);
    let at = pointer + 4 + count * 8;
    return Array.from({ length: count }, (_, index) => {
      const sizes = pointer + 4 + index * 8;
      const nameSize = view.getUint32(sizes, true);
      const valueSize = view.getUint32(sizes + 4, true);
      const pair = [read(at, nameSize), read(at + nameSize + 1, valueSize)];
      at += nameSize + valueSize + 2;
      return pair;
    });
  };

  const logs = [];
  const env = {
    proxy_log(level, pointer, size) {
      logs.push({ level, message: read(pointer, size) });
      return ok;
    },
    proxy_get_buffer_bytes(type, start, length, pointerAt, sizeAt) {
      return give(plugin.subarray(start, start + length), pointerAt, sizeAt);
    },
    proxy_get_header_map_value(map, pointer, size, pointerAt, sizeAt) {
      const value = stream?.headers[map]?.get(read(pointer, size));
      return value === undefined
        ? notFound
        : give(encoder.encode(value), pointerAt, sizeAt);
    },
    proxy_replace_header_map_value(map, namePointer, nameSize, pointer, size) {
      stream.headers[map].set(read(namePointer, nameSize), read(pointer, size));
      return ok;
    },
    proxy_remove_header_map_value(map, pointer, size) {
      stream.headers[map].delete(read(pointer, size));
      return ok;
    },
    proxy_send_local_response(status, details, detailsSize, pointer, size) {
      stream.reply = { status, body: read(pointer, size) };
      return ok;
    },
    proxy_http_call(
      pointer,
      size,
      headers,
      headersSize,
      body,
      bodySize,
      trailers,
      trailersSize,
      timeoutMs,
      tokenAt,
    ) {
      stream.call = {
        cluster: read(pointer, size),
        headers: Object.fromEntries(readPairs(headers)),
        timeoutMs,
      };
      memory().setUint32(tokenAt, 7, true);
      return ok;
    },
    proxy_continue_stream() {
      stream.continued = true;
      return ok;
    },
    proxy_set_effective_context: () => ok,
  };
  const missing = (name) => () => {
    throw new Error(`the test host has no ${name}`);
  };
  const imports = { env: {}, wasi_snapshot_preview1: {} };
  const module = await WebAssembly.compile(bytes);
  for (const item of WebAssembly.Module.imports(module)) {
    imports[item.module][item.name] = env[item.name] ?? missing(item.name);
  }
  wasm = (await WebAssembly.instantiate(module, imports)).exports;
  wasm._initialize();
  wasm.proxy_on_context_create(rootId, 0);
  wasm.proxy_on_vm_start(rootId, 0);
  const configured = wasm.proxy_on_configure(rootId, plugin.length) === 1;

  let nextId = rootId + 1;
  return {
    configured,
    logs,
    /** As a proxy does it: a new root context, then the end of the old one. */
    reconfigure(text) {
      plugin = encoder.encode(text);
      const id = nextId++;
      wasm.proxy_on_context_create(id, 0);
      const accepted = wasm.proxy_on_configure(id, plugin.length) === 1;
      wasm.proxy_on_done(rootId);
      wasm.proxy_on_log(rootId);
      wasm.proxy_on_delete(rootId);
      return accepted;
    },
    /** One request up to the point where the filter lets it go on, holds it, or answers it. */
    request(headers) {
      const id = nextId++;
      const current = {
        headers: {
          [maps.request]: new Map(
            Object.entries({ ":method": "GET", ":path": "/", ...headers }),
          ),
          [maps.response]: new Map(),
          [maps.call]: new Map(),
        },
        reply: undefined,
        call: undefined,
        continued: false,
        get requestHeaders() {
          return Object.fromEntries(current.headers[maps.request]);
        },
        get responseHeaders() {
          return Object.fromEntries(current.headers[maps.response]);
        },
        /** The answer to the call-out; no headers when it failed. */
        answerCall(answer = {}) {
          stream = current;
          current.headers[maps.call] = new Map(Object.entries(answer));
          wasm.proxy_on_http_call_response(
            rootId,
            7,
            current.headers[maps.call].size,
            0,
            0,
          );
        },
        respond(answer = { ":status": "200" }) {
          stream = current;
          current.headers[maps.response] = new Map(Object.entries(answer));
          wasm.proxy_on_response_headers(
            id,
            current.headers[maps.response].size,
            1,
          );
        },
        end() {
          stream = current;
          wasm.proxy_on_done(id);
          wasm.proxy_on_log(id);
          wasm.proxy_on_delete(id);
        },
      };
      stream = current;
      wasm.proxy_on_context_create(id, rootId);
      current.held =
        wasm.proxy_on_request_headers(
          id,
          current.headers[maps.request].size,
          1,
        ) !== 0;
      return current;
    },
  };
}
