/**
 * A guest whose callbacks are TypeScript: a module with every callback and every import of its ABI, made from the ABI table.
 * Each callback goes out through a foreign function to the test, which calls the host functions through the module.
 */
import { type AbiVersion, hostFunctions } from '../../../src/wasm/functions.ts';
import { callbacksOf } from '../../../src/wasm/abi.ts';
import type { Host, HostOptions, Plugin, PluginOptions } from '../../../src/host/index.ts';
import { encodePairs, readPairs } from '../../../src/host/encoding/pairs.ts';
import type { HeaderEntry } from '../../../src/host/index.ts';
import { compileWat } from './guests.ts';
import { type Bench, newHost } from './test-environment.ts';

const modules = new Map<string, Uint8Array>();

export interface ScriptedGuestShape {
  readonly abi?: AbiVersion;
  /** Callbacks that are not exported. */
  readonly without?: readonly string[];
  readonly extra?: string;
}

/** The module; the bump allocator grows memory in steps of one page. */
export function scriptedModule({
  abi = '0.2.1',
  without = [],
  extra = '',
}: ScriptedGuestShape = {}): Uint8Array {
  const key = [abi, ...without, extra].join();
  const known = modules.get(key);
  if (known) return known;
  const imports = [...hostFunctions.values()]
    .filter(item => item.abis.includes(abi))
    .map(
      ({ name, type }) =>
        `(import "env" "${name}" (func $${name} (param ${type.params.join(' ')}) (result i32)))\n` +
        `(export "${name}" (func $${name}))`,
    );
  const importLines = imports.map(text => text.split('\n')[0]);
  const exportLines = imports.map(text => text.split('\n')[1]);
  const callbacks = [...callbacksOf(abi).values()]
    .filter(({ name }) => !without.includes(name))
    .map(({ name, type }, index) => {
      const values = [0, 1, 2, 3, 4].map(i =>
        i < type.params.length ? `(local.get ${i})` : '(i32.const 0)',
      );
      const call = `(call $act (i32.const ${index}) ${values.join(' ')})`;
      const params = type.params.length > 0 ? `(param ${type.params.join(' ')})` : '';
      return type.results.length > 0
        ? `(func (export "${name}") ${params} (result i32) ${call})`
        : `(func (export "${name}") ${params} (drop ${call}))`;
    });
  const text = `(module
    ${importLines.join('\n')}
    (memory (export "memory") 2)
    (global $top (mut i32) (i32.const 65536))
    (global $refuse (export "refuse") (mut i32) (i32.const 0))
    (global $allocations (export "allocations") (mut i32) (i32.const 0))
    (global $last (export "last") (mut i32) (i32.const -1))
    (global $trapIn (export "trap") (mut i32) (i32.const 0))
    (data (i32.const 16) "puppet")
    ${exportLines.join('\n')}
    (func (export "proxy_abi_version_${abi.replaceAll('.', '_')}"))
    (func (export "malloc") (param $size i32) (result i32) (local $at i32)
      (global.set $allocations (i32.add (global.get $allocations) (i32.const 1)))
      (global.set $last (local.get $size))
      (if (global.get $refuse) (then (return (i32.const 0))))
      (if (global.get $trapIn) (then (unreachable)))
      (local.set $at (global.get $top))
      (global.set $top (i32.add (global.get $top) (i32.and (i32.add (local.get $size) (i32.const 15)) (i32.const -8))))
      (block $enough (loop $more
        (br_if $enough (i32.le_u (global.get $top) (i32.shl (memory.size) (i32.const 16))))
        (drop (memory.grow (i32.const 1)))
        (br $more)))
      (local.get $at))
    (func $act (param i32 i32 i32 i32 i32 i32) (result i32) (local $status i32)
      (i32.store (i32.const 64) (local.get 0)) (i32.store (i32.const 68) (local.get 1))
      (i32.store (i32.const 72) (local.get 2)) (i32.store (i32.const 76) (local.get 3))
      (i32.store (i32.const 80) (local.get 4)) (i32.store (i32.const 84) (local.get 5))
      (local.set $status (call $proxy_call_foreign_function (i32.const 16) (i32.const 6) (i32.const 64) (i32.const 24)
        (i32.const 0) (i32.const 0)))
      (if (i32.eq (local.get $status) (i32.const 99)) (then (unreachable)))
      (i32.sub (local.get $status) (i32.const 1000)))
    ${callbacks.join('\n')}
    ${extra})`;
  const bytes = compileWat(text);
  modules.set(key, bytes);
  return bytes;
}

/** Values that a callback may return: a number for the guest's result, or 'trap'. */
export type Act = (guest: Guest, ...values: number[]) => number | 'trap' | undefined | void;

/** Host functions as a guest calls them; strings are bytes, one character each. */
export class Guest {
  private readonly plugin: () => Plugin;
  private top = 2048;

  constructor(plugin: () => Plugin) {
    this.plugin = plugin;
  }

  get exports(): Record<string, unknown> {
    return this.plugin().root.vm.exports;
  }

  get memory(): Uint8Array {
    return new Uint8Array((this.exports['memory'] as { buffer: ArrayBuffer }).buffer);
  }

  /** A raw call. */
  call(name: string, ...values: (number | bigint)[]): number {
    return (this.exports[name] as (...values: (number | bigint)[]) => number)(...values);
  }

  /** Puts bytes into scratch memory; pointer and size. */
  put(data: string | Uint8Array): [number, number] {
    const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : data;
    if (this.top + bytes.length > 60_000) this.top = 2048;
    const at = this.top;
    this.memory.set(bytes, at);
    this.top += bytes.length + 1;
    return [at, bytes.length];
  }

  u32(address: number): number {
    return new DataView(this.memory.buffer).getUint32(address, true);
  }

  u64(address: number): bigint {
    return new DataView(this.memory.buffer).getBigUint64(address, true);
  }

  text(pointer: number, size: number): string {
    return Buffer.from(this.memory.slice(pointer, pointer + size)).toString('latin1');
  }

  /** Calls with two result cells at the end: the bytes, or the status when it is not Ok. */
  bytes(name: string, ...values: (number | bigint)[]): string | number {
    this.memory.fill(0xee, 1024, 1032);
    const status = this.call(name, ...values, 1024, 1028);
    return status === 0 ? this.text(this.u32(1024), this.u32(1028)) : status;
  }

  log(text: string, level = 2): number {
    return this.call('proxy_log', level, ...this.put(text));
  }

  header(map: number, key: string): string | number {
    return this.bytes('proxy_get_header_map_value', map, ...this.put(key));
  }

  pairs(map: number): HeaderEntry[] | number {
    const block = this.bytes('proxy_get_header_map_pairs', map);
    if (typeof block === 'number') return block;
    return block === '' ? [] : (readPairs(Buffer.from(block, 'latin1'), 0, block.length) ?? -1);
  }

  add(map: number, key: string, value: string): number {
    return this.call('proxy_add_header_map_value', map, ...this.put(key), ...this.put(value));
  }

  replace(map: number, key: string, value: string): number {
    return this.call('proxy_replace_header_map_value', map, ...this.put(key), ...this.put(value));
  }

  remove(map: number, key: string): number {
    return this.call('proxy_remove_header_map_value', map, ...this.put(key));
  }

  setPairs(map: number, entries: HeaderEntry[] | Uint8Array): number {
    const block = entries instanceof Uint8Array ? entries : encodePairs(entries);
    return this.call('proxy_set_header_map_pairs', map, ...this.put(block));
  }

  mapSize(map: number): number {
    const status = this.call('proxy_get_header_map_size', map, 1024);
    return status === 0 ? this.u32(1024) : -status;
  }

  body(type: number, start = 0, max = 0xffffffff): string | number {
    return this.bytes('proxy_get_buffer_bytes', type, start, max);
  }

  setBody(type: number, start: number, size: number, text: string): number {
    return this.call('proxy_set_buffer_bytes', type, start, size, ...this.put(text));
  }

  property(...path: string[]): string | number {
    return this.bytes('proxy_get_property', ...this.put(path.join('\0')));
  }

  setProperty(path: string, value: string): number {
    return this.call('proxy_set_property', ...this.put(path), ...this.put(value));
  }

  reply(status: number, body = '', headers: HeaderEntry[] = [], details = '', grpc = -1): number {
    const block = headers.length === 0 ? '' : encodePairs(headers);
    return this.call(
      'proxy_send_local_response',
      status,
      ...this.put(details),
      ...this.put(body),
      ...this.put(block),
      grpc,
    );
  }

  /** The call id, or the status negated. */
  httpCall(
    cluster: string,
    headers: Readonly<Record<string, string>>,
    { body = '', timeoutMs = 1000, trailers = [] as HeaderEntry[] } = {},
  ): number {
    const status = this.call(
      'proxy_http_call',
      ...this.put(cluster),
      ...this.put(encodePairs(Object.entries(headers))),
      ...this.put(body),
      ...this.put(trailers.length > 0 ? encodePairs(trailers) : ''),
      timeoutMs,
      1024,
    );
    return status === 0 ? this.u32(1024) : -status;
  }

  foreign(name: string, argument: string | Uint8Array = ''): string | number {
    return this.bytes('proxy_call_foreign_function', ...this.put(name), ...this.put(argument));
  }

  effective(id: number): number {
    return this.call('proxy_set_effective_context', id);
  }

  continueStream(stream: number): number {
    return this.call('proxy_continue_stream', stream);
  }
}

export interface ScriptedGuest extends Bench {
  plugin: Plugin;
  /** `proxy_on_request_headers 2 4 1`, without the prefix `proxy_on_`: `request_headers 2 4 1`. */
  readonly calls: string[];
  /** Changed by a test at any time. Keys as in `calls`. */
  readonly on: Record<string, Act>;
  readonly guest: Guest;
}

/** Values of callbacks that say yes with 1. */
const yes = new Set(['vm_start', 'configure', 'done']);

/** A host with one puppet in it. */
export async function scriptedGuest(
  on: Record<string, Act> = {},
  options: Partial<PluginOptions> & {
    shape?: ScriptedGuestShape;
    host?: Partial<HostOptions>;
    in?: Host;
  } = {},
): Promise<ScriptedGuest> {
  const { shape = {}, host: hostOptions = {}, ...plugin } = options;
  const names = [...callbacksOf(shape.abi ?? '0.2.1').keys()].filter(
    name => !(shape.without ?? []).includes(name),
  );
  const calls: string[] = [];
  let loaded: Plugin | undefined;
  let early: Record<string, unknown> | undefined;
  const guest = new Guest(() => {
    if (loaded) return loaded;
    return { root: { vm: { exports: early } } } as unknown as Plugin;
  });
  const bench = newHost({
    logLevel: () => 0,
    ...hostOptions,
    foreignFunctions: new Map([
      ...(hostOptions.foreignFunctions ?? []),
      [
        'puppet',
        (argument: Uint8Array) => {
          const view = new DataView(argument.buffer, argument.byteOffset, argument.length);
          const name = (names[view.getUint32(0, true)] ?? '').replace(/^proxy_on_/, '');
          const count =
            callbacksOf(shape.abi ?? '0.2.1').get(names[view.getUint32(0, true)] ?? '')?.type.params.length ??
            0;
          const values = Array.from({ length: count }, (_, i) => view.getUint32(4 + 4 * i, true));
          calls.push([name, ...values].join(' '));
          const result = on[name]?.(guest, ...values);
          if (result === 'trap') return 99;
          return 1000 + (result ?? (yes.has(name) ? 1 : 0));
        },
      ],
    ]),
  });
  const original = WebAssembly.instantiate;
  // The start callbacks run before loadPlugin has given the plugin back: its exports are caught on the way.
  (WebAssembly as { instantiate: unknown }).instantiate = async (...values: Parameters<typeof original>) => {
    const instance = await original(...values);
    early = instance.exports;
    return instance;
  };
  try {
    loaded = await bench.host.loadPlugin(scriptedModule(shape), { name: 'puppet', ...plugin });
  } finally {
    (WebAssembly as { instantiate: unknown }).instantiate = original;
  }
  return { ...bench, plugin: loaded, calls, on, guest };
}
