// A proxy in a few lines, enough for unit tests of this filter: it keeps header maps and records what the filter asks
// for. `wasme test` and `wasme run` have a complete one.
import { readFile } from "node:fs/promises";

const ok = 0;
const notFound = 1;
const casMismatch = 8;
const maps = { request: 0, response: 2, call: 6 };
const buffers = { responseBody: 1, callBody: 4, plugin: 7 };
const none = new Uint8Array();
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
  const sharedData = new Map();
  const metrics = [];
  const properties = {};
  let nowMs = 0;
  let casCounter = 0;
  const env = {
    proxy_log(level, pointer, size) {
      logs.push({ level, message: read(pointer, size) });
      return ok;
    },
    proxy_get_buffer_bytes(type, start, length, pointerAt, sizeAt) {
      const data = type === buffers.plugin ? plugin : stream.buffers[type];
      return give(data.subarray(start, start + length), pointerAt, sizeAt);
    },
    proxy_set_buffer_bytes(type, start, length, pointer, size) {
      const data = new Uint8Array(wasm.memory.buffer, pointer, size);
      const rest = stream.buffers[type].subarray(start + length);
      const kept = stream.buffers[type].subarray(0, start);
      stream.buffers[type] = Buffer.concat([kept, data, rest]);
      return ok;
    },
    proxy_get_current_time_nanoseconds(at) {
      memory().setBigUint64(at, BigInt(nowMs) * 1_000_000n, true);
      return ok;
    },
    proxy_get_property(pointer, size, pointerAt, sizeAt) {
      const value = properties[read(pointer, size).replaceAll("\0", ".")];
      return value === undefined
        ? notFound
        : give(encoder.encode(value), pointerAt, sizeAt);
    },
    proxy_get_shared_data(pointer, size, pointerAt, sizeAt, casAt) {
      const entry = sharedData.get(read(pointer, size));
      if (entry === undefined) return notFound;
      memory().setUint32(casAt, entry.cas, true);
      return give(entry.bytes, pointerAt, sizeAt);
    },
    proxy_set_shared_data(keyPointer, keySize, pointer, size, cas) {
      const key = read(keyPointer, keySize);
      if (filter.fasterThreads-- > 0) return casMismatch;
      if (cas !== 0 && sharedData.get(key)?.cas !== cas) return casMismatch;
      const bytes = new Uint8Array(wasm.memory.buffer, pointer, size).slice();
      sharedData.set(key, { bytes, cas: ++casCounter });
      return ok;
    },
    proxy_define_metric(type, pointer, size, idAt) {
      const id = metrics.push({ type, name: read(pointer, size), values: [] });
      memory().setUint32(idAt, id, true);
      return ok;
    },
    proxy_increment_metric(id, offset) {
      metrics[id - 1].values.push(Number(offset));
      return ok;
    },
    proxy_record_metric(id, value) {
      metrics[id - 1].values.push(Number(value));
      return ok;
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
    proxy_send_local_response(
      status,
      details,
      detailsSize,
      pointer,
      size,
      headers,
    ) {
      stream.reply = {
        status,
        body: read(pointer, size),
        headers: Object.fromEntries(readPairs(headers)),
      };
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
      if (filter.noCalls) return notFound;
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
  const filter = {
    logs,
    metrics,
    properties,
    sharedData,
    /** So many writes of shared data fail because another thread was faster. */
    fasterThreads: 0,
    /** Call-outs are not possible. */
    noCalls: false,
    /** Sets the clock: milliseconds since 1970. */
    time(ms) {
      nowMs = ms;
    },
  };
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
  return Object.assign(filter, {
    configured,
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
        buffers: { [buffers.responseBody]: none, [buffers.callBody]: none },
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
        answerCall(answer = {}, body = "") {
          stream = current;
          current.buffers[buffers.callBody] = encoder.encode(body);
          current.headers[maps.call] = new Map(Object.entries(answer));
          wasm.proxy_on_http_call_response(
            rootId,
            7,
            current.headers[maps.call].size,
            current.buffers[buffers.callBody].length,
            0,
          );
        },
        respond(answer = { ":status": "200" }, bodyFollows = false) {
          stream = current;
          current.headers[maps.response] = new Map(Object.entries(answer));
          wasm.proxy_on_response_headers(
            id,
            current.headers[maps.response].size,
            bodyFollows ? 0 : 1,
          );
        },
        /** A part of the response's body comes. Gives what goes on to the client. */
        respondBody(part, last = true) {
          stream = current;
          const held = current.buffers[buffers.responseBody];
          const data = Buffer.concat([held, Buffer.from(part)]);
          current.buffers[buffers.responseBody] = data;
          const end = last ? 1 : 0;
          if (wasm.proxy_on_response_body(id, data.length, end) !== 0)
            return "";
          return current.sent();
        },
        /** Trailers end the response. Gives what goes on to the client of a body that was held. */
        respondTrailers() {
          stream = current;
          wasm.proxy_on_response_trailers(id, 0);
          return current.sent();
        },
        sent() {
          const data = current.buffers[buffers.responseBody];
          current.buffers[buffers.responseBody] = none;
          return decoder.decode(data);
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
  });
}
