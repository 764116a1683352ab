/** Reads the messages of clang, wasm-ld and CMake: places in the source, and explanations of common failures. */
import type { Explanation, Diagnostic } from '../toolchain.ts';

/** Reads clang's form, `file:line:column: error: text`, then the line and `~~~^~~~` under it; and CMake's errors. */
export function parseClangDiagnostics(output: string): Diagnostic[] {
  return [...clangDiagnostics(output), ...cmakeDiagnostics(output)];
}

/** Reads `CMake Error at CMakeLists.txt:3 (add_executable):`, then the indented text. */
function cmakeDiagnostics(output: string): Diagnostic[] {
  const head = /^CMake Error at ([^:\n]+):(\d+) \(\w+\):\n+((?: {2}.+\n)+)/gm;
  return [...output.matchAll(head)].map(([, file = '', line, text = '']) => ({
    file,
    line: Number(line),
    column: 1,
    severity: 'error',
    message: text.trim().replace(/\s+/g, ' '),
  }));
}

function clangDiagnostics(output: string): Diagnostic[] {
  const head =
    /^((?:[A-Za-z]:)?[^:\n]+):(\d+):(\d+): (?:fatal )?(error|warning): (.+)(?:\n *\d+ \|.*\n *\| *([~^]+))?/gm;
  return [...output.matchAll(head)].map(([, file = '', line, column, severity, message = '', marks]) => ({
    file,
    line: Number(line),
    column: Number(column),
    columnInBytes: true,
    severity: severity === 'warning' ? 'warning' : 'error',
    message,
    // Marks may start before the column; only those from the column on count.
    ...(marks === undefined ? {} : { length: marks.length - marks.indexOf('^') }),
  }));
}

export function explainClang(output: string): Explanation | undefined {
  const known = table.find(([pattern]) => pattern.test(output));
  if (known !== undefined) return known[1];
  const missing = [...output.matchAll(/undefined symbol: (.+)/g)].map(match => match[1]?.trim());
  if (missing.length === 0) return undefined;
  const names = [...new Set(missing)];
  return {
    message: `no source or library defines ${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`,
    hint: 'a source file may be missing: the build takes all sources at the top of the project, or the one in build.source',
  };
}

const table: readonly (readonly [RegExp, Explanation])[] = [
  [
    /undefined symbol: (?:__cxa_(?:throw|allocate_exception|begin_catch)|_Unwind_)/,
    {
      message: 'the source, or a library, throws C++ exceptions, which proxies do not support in WebAssembly',
      hint: 'return errors instead of throwing; logAbort() ends the VM with a message',
    },
  ],
  [
    /'proxy_wasm_\w+\.h' file not found/,
    {
      message: 'the Proxy-Wasm C++ SDK was not found',
      hint: 'keep the folder sdk/ of the template, or set build.cpp.sdk in wasme.json to another SDK',
    },
  ],
  [
    /fatal error: '(?:algorithm|array|cstddef|cstdint|functional|map|memory|optional|string|string_view|unordered_map|vector)' file not found/,
    {
      code: 'TOOL_MISSING',
      message: 'this clang has no C++ library for WASI',
      hint: 'install libc++ for WASI (apt-get install libc++-19-dev-wasm32 libc++abi-19-dev-wasm32), or wasi-sdk',
    },
  ],
  [
    /No available targets are compatible with triple|unknown target triple 'wasm32/,
    {
      code: 'TOOL_MISSING',
      message: 'this clang cannot build WebAssembly (Apple’s cannot)',
      hint: 'install LLVM (brew install llvm) or wasi-sdk, and set WASI_SDK_PATH',
    },
  ],
  [
    /(?:unable to execute command|posix_spawn failed).*wasm-ld|invalid linker name|"wasm-ld[^"]*" doesn't exist/,
    {
      code: 'TOOL_MISSING',
      message: 'clang did not find a linker for WebAssembly (wasm-ld)',
      hint: 'install lld of the same version as clang (apt-get install lld-19)',
    },
  ],
  [
    /cannot open [^\n]*libclang_rt\.builtins[^\n]*: No such file/,
    {
      code: 'TOOL_MISSING',
      message: "clang's own library for WebAssembly is missing",
      hint: 'apt-get install libclang-rt-19-dev-wasm32, or use wasi-sdk',
    },
  ],
  [
    /cannot open [^\n]*crt1(?:-reactor)?\.o|unable to find library -lc\b/,
    {
      code: 'TOOL_MISSING',
      message: 'the C library for WASI is missing',
      hint: 'apt-get install wasi-libc, or use wasi-sdk',
    },
  ],
];
