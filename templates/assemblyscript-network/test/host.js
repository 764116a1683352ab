// A proxy in a few lines, enough for unit tests of this filter: it hands data to connections and records what the filter
// does. `wasme test` and `wasme run` have a complete one.
import { readFile } from "node:fs/promises";

const ok = 0;
const buffers = { fromClient: 2, fromUpstream: 3, plugin: 7 };
const rootId = 1;

/** Loads the module and configures it. `configured` says whether the filter accepted the configuration. */
export async function loadFilter(file, configuration = "") {
  const decoder = new TextDecoder();
  const plugin = new TextEncoder().encode(configuration);
  const logs = [];
  let wasm;
  let connection;

  const view = () => new DataView(wasm.memory.buffer);
  const bytesAt = (pointer, size) =>
    new Uint8Array(wasm.memory.buffer, pointer, size);
  const env = {
    proxy_log(level, pointer, size) {
      logs.push({ level, message: decoder.decode(bytesAt(pointer, size)) });
      return ok;
    },
    proxy_get_buffer_bytes(type, start, length, pointerAt, sizeAt) {
      const all = type === buffers.plugin ? plugin : connection.buffers[type];
      const data = all.subarray(start, start + length);
      const address = wasm.malloc(data.length);
      bytesAt(address, data.length).set(data);
      view().setUint32(pointerAt, address, true);
      view().setUint32(sizeAt, data.length, true);
      return ok;
    },
    proxy_set_buffer_bytes(type, start, length, pointer, size) {
      const before = connection.buffers[type];
      connection.buffers[type] = Buffer.concat([
        before.subarray(0, start),
        bytesAt(pointer, size),
        before.subarray(start + length),
      ]);
      return ok;
    },
    proxy_close_stream(type) {
      connection.closed.push(type);
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
  const configured = wasm.proxy_on_configure(rootId, plugin.length) === 1;

  let nextId = rootId + 1;
  return {
    logs,
    configured,
    /** A new TCP connection. */
    connect() {
      const id = nextId++;
      const hand = (type, callback, text) => {
        connection = current;
        current.buffers[type] = Buffer.from(text);
        const { length } = current.buffers[type];
        const goesOn = wasm[callback](id, length, 0) === 0;
        return goesOn ? current.buffers[type].toString() : "";
      };
      const current = {
        buffers: {},
        /** Sides that the filter has closed: 2 the client's, 3 the upstream's. */
        closed: [],
        /** Data of the client; gives what goes on to the upstream. */
        fromClient: (text) =>
          hand(buffers.fromClient, "proxy_on_downstream_data", text),
        /** Data of the upstream; gives what goes on to the client. */
        fromUpstream: (text) =>
          hand(buffers.fromUpstream, "proxy_on_upstream_data", text),
        end() {
          wasm.proxy_on_done(id);
          wasm.proxy_on_log(id);
          wasm.proxy_on_delete(id);
        },
      };
      wasm.proxy_on_context_create(id, rootId);
      wasm.proxy_on_new_connection(id);
      return current;
    },
  };
}
