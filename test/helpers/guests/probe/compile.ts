/** A script → a Wasm module: WAT text made from the ABI tables, assembled by wabt. Loads in Envoy as it is. */
import wabt from 'wabt';
import { guestCallbacks } from '../../../../src/wasm/callbacks.ts';
import { hostFunctions, wasiFunctions } from '../../../../src/wasm/functions.ts';
import type { FunctionType } from '../../../../src/wasm/module.ts';
import type { Arg, CallOp, Op, Pairs, Script, Step } from './script.ts';

/** Memory: constants and cells from 1024, the log line from 64 KiB, the heap from 192 KiB. 512–1023 is for poke and peek. */
const constantsAt = 1024;
const lineAt = 65_536;
const heapAt = 196_608;

const assembler = await wabt();

/** Bytes of the module, with a name section. */
export function compileProbe(script: Script): Uint8Array {
  const text = probeText(script);
  const module = assembler.parseWat('probe.wat', text);
  try {
    return module.toBinary({ write_debug_names: true }).buffer;
  } finally {
    module.destroy();
  }
}

function probeText(script: Script): string {
  const writer = new Writer(script);
  const callbacks = Object.entries(script.callbacks).map(([name, steps]) => writer.callback(name, steps));
  const allocator = writer.allocator();
  return `(module
${[...writer.imports.values()].join('\n')}
  (memory (export "memory") 4)
  (global $at (mut i32) (i32.const ${lineAt}))
  (global $heap (mut i32) (i32.const ${heapAt}))
  (global $context (mut i32) (i32.const 0))
  (global $stream (mut i32) (i32.const 0))
  (global $root (mut i32) (i32.const 0))
  (func (export "proxy_abi_version_${script.abi ?? '0_2_1'}"))
${allocator}
${runtime}
${callbacks.join('\n')}
${writer.data.join('\n')}
)`;
}

/** Text output of the guest: a line is put together and given to proxy_log at level info. */
const runtime = `
  (func $putc (param $c i32)
    (if (i32.lt_u (global.get $at) (i32.const ${heapAt - 16}))
      (then
        (i32.store8 (global.get $at) (local.get $c))
        (global.set $at (i32.add (global.get $at) (i32.const 1))))))
  (func $put (param $p i32) (param $n i32)
    (block $end (loop $more
      (br_if $end (i32.eqz (local.get $n)))
      (call $putc (i32.load8_u (local.get $p)))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br $more))))
  (func $hex (param $d i32)
    (call $putc (i32.add (local.get $d)
      (select (i32.const 48) (i32.const 87) (i32.lt_u (local.get $d) (i32.const 10))))))
  (func $quote (param $p i32) (param $n i32) (local $c i32)
    (call $putc (i32.const 34))
    (block $end (loop $more
      (br_if $end (i32.eqz (local.get $n)))
      (local.set $c (i32.load8_u (local.get $p)))
      (if (i32.and (i32.and (i32.ge_u (local.get $c) (i32.const 32)) (i32.lt_u (local.get $c) (i32.const 127)))
                   (i32.ne (local.get $c) (i32.const 92)))
        (then (call $putc (local.get $c)))
        (else
          (call $putc (i32.const 92))
          (call $hex (i32.shr_u (local.get $c) (i32.const 4)))
          (call $hex (i32.and (local.get $c) (i32.const 15)))))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br $more)))
    (call $putc (i32.const 34)))
  (func $number (param $v i64)
    (if (i64.ge_u (local.get $v) (i64.const 10))
      (then (call $number (i64.div_u (local.get $v) (i64.const 10)))))
    (call $putc (i32.add (i32.const 48) (i32.wrap_i64 (i64.rem_u (local.get $v) (i64.const 10))))))
  (func $bytes (param $p i32) (param $n i32)
    (call $putc (i32.const 32))
    (if (i32.eqz (i32.or (local.get $p) (local.get $n)))
      (then (call $putc (i32.const 45)))
      (else (call $quote (local.get $p) (local.get $n)))))
  (func $size (param $p i32) (param $n i32)
    (call $putc (i32.const 32))
    (if (i32.eqz (i32.or (local.get $p) (local.get $n)))
      (then (call $putc (i32.const 45)))
      (else (call $number (i64.extend_i32_u (local.get $n))))))
  (func $flush
    (drop (call $proxy_log (i32.const 2) (i32.const ${lineAt}) (i32.sub (global.get $at) (i32.const ${lineAt}))))
    (global.set $at (i32.const ${lineAt})))`;

class Writer {
  readonly imports = new Map<string, string>();
  readonly data: string[] = [];
  readonly #script: Script;
  readonly #names = new Map<string, number>();
  #next = constantsAt;

  constructor(script: Script) {
    this.#script = script;
    this.import('proxy_log');
  }

  import(name: string): FunctionType {
    const wasi = name.startsWith('wasi.');
    const bare = wasi ? name.slice('wasi.'.length) : name;
    const type = wasi ? wasiFunctions.get(bare)?.type : hostFunctions.get(bare)?.type;
    if (!type) throw new Error(`no host function ${name}`);
    const params = type.params.length > 0 ? ` (param ${type.params.join(' ')})` : '';
    const results = type.results.length > 0 ? ` (result ${type.results.join(' ')})` : '';
    const module = wasi ? 'wasi_snapshot_preview1' : 'env';
    this.imports.set(name, `  (import "${module}" "${bare}" (func $${bare}${params}${results}))`);
    return type;
  }

  allocator(): string {
    const { allocator, allocatorName } = this.#script;
    const name = allocatorName ?? 'proxy_on_memory_allocate';
    const before =
      allocator === 'grows'
        ? '(drop (memory.grow (i32.const 1)))'
        : allocator?.startsWith('calls:')
          ? this.#op({ call: allocator.slice('calls:'.length), args: [] }).join('\n')
          : '';
    const result = allocator === 'zero' ? '(i32.const 0)' : '(local.get $p)';
    return `  (func $allocate (export "${name}") (param $n i32) (result i32) (local $p i32) (local $s i32)
    ${before}
    (local.set $p (global.get $heap))
    (global.set $heap (i32.and (i32.add (i32.add (global.get $heap) (local.get $n)) (i32.const 15)) (i32.const -16)))
    (block $enough (loop $more
      (br_if $enough (i32.le_u (global.get $heap) (i32.mul (memory.size) (i32.const 65536))))
      (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))
      (unreachable)))
    ${result})`;
  }

  callback(name: string, value: Step | readonly Step[]): string {
    const abi = (this.#script.abi ?? '0_2_1').replaceAll('_', '.') as '0.2.1';
    const exported = name.startsWith('envoy_') || name.startsWith('_') ? name : `proxy_${name}`;
    const known = guestCallbacks.find(({ name: its, abis }) => its === exported && abis.includes(abi));
    const type: FunctionType = known?.type ?? { params: [], results: [] };
    const params = type.params.map((_, index) => ` (param $a${index} i32)`).join('');
    const steps: readonly Step[] = 'ops' in value ? [value] : value;
    const counter = this.#reserve(4);
    const lines: string[] = [];
    if (type.params.length > 0) lines.push('(global.set $context (local.get $a0))');
    if (name === 'on_context_create') {
      lines.push(
        '(if (local.get $a1) (then (global.set $stream (local.get $a0))) (else (global.set $root (local.get $a0))))',
      );
    }
    lines.push(this.#put(`${name}(`));
    type.params.forEach((_, index) => {
      if (index > 0) lines.push(this.#put(', '));
      lines.push(`(call $number (i64.extend_i32_u (local.get $a${index})))`);
    });
    lines.push(this.#put(')'), '(call $flush)');
    lines.push(
      `(i32.store (i32.const ${counter}) (i32.add (i32.load (i32.const ${counter})) (i32.const 1)))`,
    );
    const fallback = name === 'on_vm_start' || name === 'on_configure' || name === 'on_done' ? 1 : 0;
    const back = (item: Step): string =>
      type.results.length > 0 ? `(return (i32.const ${item.returns ?? fallback}))` : '(return)';
    steps.forEach((item, index) => {
      const body = [...item.ops.flatMap(op => this.#op(op)), back(item)].join('\n      ');
      const last = index === steps.length - 1;
      lines.push(
        last
          ? body
          : `(if (i32.eq (i32.load (i32.const ${counter})) (i32.const ${index + 1})) (then\n      ${body}))`,
      );
    });
    const result = type.results.length > 0 ? ' (result i32)' : '';
    return `  (func $${name} (export "${exported}")${params}${result} (local $s i32)\n    ${lines.join('\n    ')}\n    unreachable)`;
  }

  /** Statements of one operation. */
  #op(op: Op): string[] {
    if ('trap' in op) return ['(unreachable)'];
    if ('spin' in op) return ['(loop $forever (br $forever))'];
    if ('grow' in op) {
      return [
        this.#put('grow = '),
        `(call $number (i64.extend_i32_u (memory.grow (i32.const ${op.grow}))))`,
        '(call $flush)',
      ];
    }
    if ('poke' in op) {
      return [...op.bytes].map((byte, at) => `(i32.store8 (i32.const ${op.poke + at}) (i32.const ${byte}))`);
    }
    if ('peek' in op) {
      return [
        this.#put(`peek = `),
        `(call $quote (i32.const ${op.peek}) (i32.const ${op.size}))`,
        '(call $flush)',
      ];
    }
    const type = this.import(op.call);
    return op.call.startsWith('wasi.') ? this.#wasiCall(op, type) : this.#hostCall(op);
  }

  #wasiCall(op: CallOp, type: FunctionType): string[] {
    const args = op.args.map((arg, at) =>
      type.params[at] === 'i64' ? `(i64.const ${arg as bigint})` : this.#number(arg),
    );
    const invoke = `(call $${op.call.slice('wasi.'.length)} ${args.join(' ')})`;
    if (type.results.length === 0) return [invoke];
    return [
      `(local.set $s ${invoke})`,
      this.#put(`${op.call.slice('wasi.'.length)} = `),
      '(call $number (i64.extend_i32_u (local.get $s)))',
      '(call $flush)',
    ];
  }

  #hostCall(op: CallOp): string[] {
    const known = hostFunctions.get(op.call);
    if (!known) throw new Error(`no host function ${op.call}`);
    const args = known.parameters.flatMap(([, kind], at) => this.#argument(kind, op.args[at] ?? 0));
    const cells: { kind: string; at: number }[] = [];
    const addresses = [...(op.cells ?? [])];
    for (const [, kind] of known.results) {
      const width = kind === 'u32' ? 4 : 8;
      const at = this.#reserve(width);
      cells.push({ kind, at });
      const words = kind === 'bytes' || kind === 'pairs' ? [at, at + 4] : [at];
      args.push(...words.map(word => `(i32.const ${addresses.shift() ?? word})`));
    }
    const [first] = cells;
    if (op.as !== undefined && first) this.#names.set(op.as, first.at);
    const lines = cells.map(({ at, kind }) =>
      kind === 'u32'
        ? `(i32.store (i32.const ${at}) (i32.const 0))`
        : `(i64.store (i32.const ${at}) (i64.const 0))`,
    );
    lines.push(
      `(local.set $s (call $${op.call} ${args.join(' ')}))`,
      this.#put(`${op.call.replace(/^proxy_/, '')} = `),
    );
    lines.push('(call $number (i64.extend_i32_u (local.get $s)))');
    for (const { kind, at } of cells) {
      if (op.cells !== undefined) continue;
      if (kind === 'u32') lines.push(this.#put(' '), `(call $number (i64.load32_u (i32.const ${at})))`);
      else if (kind === 'u64') lines.push(this.#put(' '), `(call $number (i64.load (i32.const ${at})))`);
      else
        lines.push(
          `(call $${op.sizeOnly ? 'size' : 'bytes'} (i32.load (i32.const ${at})) (i32.load (i32.const ${at + 4})))`,
        );
    }
    return [...lines, '(call $flush)'];
  }

  #argument(kind: string, arg: Arg): string[] {
    if (kind === 'i64' || kind === 'u64') return [`(i64.const ${arg as bigint})`];
    if (!['text', 'bytes', 'pairs', 'path'].includes(kind)) return [this.#number(arg)];
    if (typeof arg === 'object' && 'pointer' in arg)
      return [this.#number(arg.pointer), `(i32.const ${arg.size})`];
    const bytes = toBytes(arg);
    return bytes.length === 0
      ? ['(i32.const 0)', '(i32.const 0)']
      : [`(i32.const ${this.#constant(bytes)})`, `(i32.const ${bytes.length})`];
  }

  #number(arg: Arg): string {
    if (typeof arg === 'number') return `(i32.const ${arg | 0})`;
    if (typeof arg !== 'object' || !('saved' in arg)) throw new Error(`not a number: ${JSON.stringify(arg)}`);
    if (arg.saved === 'context' || arg.saved === 'stream' || arg.saved === 'root')
      return `(global.get $${arg.saved})`;
    const at = this.#names.get(arg.saved);
    if (at === undefined) throw new Error(`nothing was kept as ${arg.saved}`);
    return `(i32.load (i32.const ${at}))`;
  }

  #put(text: string): string {
    const bytes = new TextEncoder().encode(text);
    return `(call $put (i32.const ${this.#constant(bytes)}) (i32.const ${bytes.length}))`;
  }

  #constant(bytes: Uint8Array): number {
    const at = this.#reserve(bytes.length);
    const escaped = [...bytes].map(byte => `\\${byte.toString(16).padStart(2, '0')}`).join('');
    this.data.push(`  (data (i32.const ${at}) "${escaped}")`);
    return at;
  }

  #reserve(size: number): number {
    const at = this.#next;
    this.#next = (at + size + 7) & ~7;
    if (this.#next > lineAt) throw new Error('the script has too many constants for the probe');
    return at;
  }
}

function toBytes(arg: Arg): Uint8Array {
  if (typeof arg === 'string') return new TextEncoder().encode(arg);
  if (arg instanceof Uint8Array) return arg;
  if (Array.isArray(arg)) return serializePairs(arg as Pairs);
  throw new Error(`not bytes: ${JSON.stringify(arg)}`);
}

/** Reference 2.6: count, sizes, then names and values, each ended by a zero byte. */
function serializePairs(pairs: Pairs): Uint8Array {
  const encoded = pairs.map(pair => pair.map(part => new TextEncoder().encode(part)));
  const words = [pairs.length, ...encoded.flatMap(pair => pair.map(part => part.length))];
  const head = new Uint8Array(new Uint32Array(words).buffer);
  const body = encoded.flatMap(pair => pair.flatMap(part => [...part, 0]));
  return Uint8Array.from([...head, ...body]);
}
