/** Reads the messages of cargo and rustc: places in the source, and explanations of common failures. */
import type { Explanation, Diagnostic } from '../toolchain.ts';

/** Reads rustc's form: `error[E0425]: text`, then ` --> file:line:column`, then the source with carets. */
export function parseRustDiagnostics(output: string): Diagnostic[] {
  const head =
    /^(error|warning)(?:\[\w+\])?: (.+)\n\s*--> (.+):(\d+):(\d+)\n((?:\s*(?:\d+\s*)?[|=].*\n?|\.\.\.\n)*)/gm;
  return [...output.matchAll(head)].map(match => {
    const [, severity, message = '', file = '', line, column, excerpt = ''] = match;
    const carets = /^\s*\|[^^\n]*?(\^+)/m.exec(excerpt)?.[1];
    return {
      file,
      line: Number(line),
      column: Number(column),
      severity: severity === 'warning' ? 'warning' : 'error',
      message,
      ...(carets === undefined ? {} : { length: carets.length }),
    };
  });
}

export function explainRust(output: string): Explanation | undefined {
  return known.find(([pattern]) => pattern.test(output))?.[1];
}

const known: readonly (readonly [RegExp, Explanation])[] = [
  [
    /undefined symbol: proxy_/,
    {
      code: 'TOOL_OUTDATED',
      message: 'this Rust (1.96 or newer) cannot link a proxy-wasm crate older than 0.2.5',
      hint: 'cargo update --package proxy-wasm',
    },
  ],
  [
    /could not find specification for target "wasm32-wasi"/,
    {
      message: 'this Rust no longer knows the target name wasm32-wasi',
      hint: 'write wasm32-wasip1 instead, in .cargo/config.toml too, and run "rustup target add wasm32-wasip1"',
    },
  ],
  [
    /can't find crate for `(?:core|std)`[^]*target may not be installed/,
    {
      code: 'TOOL_MISSING',
      message: 'this Rust has no standard library for wasm32-wasip1',
      hint: 'rustup target add wasm32-wasip1',
    },
  ],
  [
    /linker `rust-lld` not found/,
    {
      code: 'TOOL_MISSING',
      message: 'this Rust has no linker for WebAssembly (rust-lld)',
      hint: 'use a Rust from rustup, which includes it, or install lld',
    },
  ],
  [
    /failed to get bitcode from object file for LTO/,
    {
      message: 'the standard library of this Rust has no bitcode, which lto = true needs',
      hint: 'set lto = false in [profile.release] of Cargo.toml, or use a Rust from rustup',
    },
  ],
  [
    /requires rustc \d[\d.]*|feature `edition20\d\d` is required/,
    {
      code: 'TOOL_OUTDATED',
      message: 'a crate needs a newer Rust than this one',
      hint: 'rustup update stable',
    },
  ],
  [
    /spurious network error|Could(?:n't| not) (?:resolve|connect)|curl failed|failed to download from|attempting to make an HTTP request, but --offline|offline mode \(via `--offline`\)/,
    {
      code: 'NETWORK',
      message: 'cargo could not download a crate',
      hint: 'run "cargo fetch" once with access to the crate registry, or set a proxy (HTTPS_PROXY)',
    },
  ],
  [
    /lock file .* needs to be updated but --locked/,
    { message: 'Cargo.lock does not match Cargo.toml', hint: 'run "cargo update --workspace"' },
  ],
];
