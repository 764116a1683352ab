/** Output that compilers really printed: the places in the source that are read from it, and explanations of known failures. */
import { describe, expect, it } from 'vitest';
import { type Language, languages } from '../../../src/project/names.ts';
import { toolchains } from '../../../src/toolchains/index.ts';
import type { Diagnostic } from '../../../src/toolchains/toolchain.ts';

const rustcOutput = `   Compiling bad-rust v0.1.0 (/projects/bad-rust)
error[E0425]: cannot find value \`NAM\` in this scope
   --> src/lib.rs:140:64
    |
 14 | const NAME: &str = env!("CARGO_PKG_NAME");
    | ------------------------------------------ similarly named constant \`NAME\` defined here
...
140 |         self.send_http_response(status, vec![("x-answered-by", NAM)], Some(body.as_bytes()));
    |                                                                ^^^
    |
help: a constant with a similar name exists
    |
140 |         self.send_http_response(status, vec![("x-answered-by", NAME)], Some(body.as_bytes()));
    |                                                                   +

error[E0308]: mismatched types
   --> src/lib.rs:140:33
    |
140 |         self.send_http_response(status, vec![("x-answered-by", NAM)], Some(body.as_bytes()));
    |              ------------------ ^^^^^^ expected \`u32\`, found \`u64\`
    |              |
    |              arguments to this method are incorrect
    |
note: method defined here
   --> /registry/proxy-wasm-0.2.5/src/traits.rs:548:8
    |
548 |     fn send_http_response(
    |        ^^^^^^^^^^^^^^^^^^

warning: unused variable: \`x\`
 --> src/config.rs:3:9
  |
3 |     let x = 1;
  |         ^ help: if this is intentional, prefix it with an underscore: \`_x\`

error: could not compile \`bad-rust\` (lib) due to 2 previous errors
`;

const clangOutput = `filter.cc:40:79: error: use of undeclared identifier 'kName'; did you mean 'kNam'?
   40 |     if (config_->blocks(path)) return answer(403, "blocked by " + std::string(kName) + "\\n");
      |                                                                               ^~~~~
      |                                                                               kNam
filter.cc:10:28: note: 'kNam' declared here
   10 | constexpr std::string_view kNam = "my-cpp";
      |                            ^
config.h:3:10: fatal error: 'nowhere.h' file not found
    3 | #include "nowhere.h"
      |          ^~~~~~~~~~~
2 errors generated.
`;

const ascOutput = [
  "ERROR TS2304: Cannot find name 'confg'.",
  '    :',
  ' 29 │ if (trimmed == "") return confg;',
  '    │                           ~~~~~',
  '    └─ in assembly/config.ts(29,29)',
  '',
  'WARNING AS201: Conversion.',
  '   :',
  ' 1 │ x',
  '   │ ~',
  '   └─ in ~lib/rt/itcms.ts(1,1)',
  '',
  'FAILURE 1 compile error(s)',
].join('\n');

const goOutput = `'+bulk-memory-opt' is not a recognized feature for this target (ignoring feature)
# my-go
./main.go:91:70: undefined: checkTimeoutM
C:\\src\\main.go:7: declared and not used: x
go.mod:1: usage: module module/path
`;
const goDiagnostics: readonly Diagnostic[] = [
  ['main.go', 91, 70, 'undefined: checkTimeoutM'] as const,
  ['C:\\src\\main.go', 7, 1, 'declared and not used: x'] as const,
  ['go.mod', 1, 1, 'usage: module module/path'] as const,
].map(([file, line, column, message]) => ({
  file,
  line,
  column,
  columnInBytes: true,
  severity: 'error',
  message,
}));

const reported: Readonly<Record<Language, { output: string; diagnostics: readonly Diagnostic[] }>> = {
  assemblyscript: {
    output: ascOutput,
    diagnostics: [
      {
        file: 'assembly/config.ts',
        line: 29,
        column: 29,
        severity: 'error',
        message: "Cannot find name 'confg'.",
        length: 5,
      },
      {
        file: '~lib/rt/itcms.ts',
        line: 1,
        column: 1,
        severity: 'warning',
        message: 'Conversion.',
        length: 1,
      },
    ],
  },
  rust: {
    output: rustcOutput,
    diagnostics: [
      {
        file: 'src/lib.rs',
        line: 140,
        column: 64,
        severity: 'error',
        message: 'cannot find value `NAM` in this scope',
        length: 3,
      },
      {
        file: 'src/lib.rs',
        line: 140,
        column: 33,
        severity: 'error',
        message: 'mismatched types',
        length: 6,
      },
      {
        file: 'src/config.rs',
        line: 3,
        column: 9,
        severity: 'warning',
        message: 'unused variable: `x`',
        length: 1,
      },
    ],
  },
  cpp: {
    output: clangOutput,
    diagnostics: [
      {
        file: 'filter.cc',
        line: 40,
        column: 79,
        columnInBytes: true,
        severity: 'error',
        message: "use of undeclared identifier 'kName'; did you mean 'kNam'?",
        length: 5,
      },
      {
        file: 'config.h',
        line: 3,
        column: 10,
        columnInBytes: true,
        severity: 'error',
        message: "'nowhere.h' file not found",
        length: 11,
      },
    ],
  },
  tinygo: { output: goOutput, diagnostics: goDiagnostics },
  go: { output: goOutput, diagnostics: goDiagnostics },
};

/** Output and a part of the hint. */
const explained: Readonly<Record<Language, readonly (readonly [output: string, hint: string])[]>> = {
  assemblyscript: [
    ['FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory', 'max-old-space'],
    ["Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'assemblyscript'", 'npm install'],
  ],
  rust: [
    [
      "error[E0463]: can't find crate for `core`\n  = note: the `wasm32-wasip1` target may not be installed",
      'rustup target add wasm32-wasip1',
    ],
    ['error: could not find specification for target "wasm32-wasi"', 'wasm32-wasip1'],
    ['error: linker `rust-lld` not found', 'lld'],
    ['error: failed to get bitcode from object file for LTO (could not find)', 'lto = false'],
    [
      'error: rustc 1.70.0 is not supported by the following package:\n  x@1.0.0 requires rustc 1.82 or newer',
      'rustup update',
    ],
    [
      'error: rustc 1.70.0 is not supported by the following package:\n  x@1.0.0 requires rustc 1.82',
      'rustup update',
    ],
    ["warning: spurious network error (3 tries remaining): [6] Couldn't resolve host name", 'cargo fetch'],
    [
      "  curl failed\n\nCaused by:\n  [7] Couldn't connect to server (Failed to connect to 127.0.0.1)",
      'cargo fetch',
    ],
    [
      'note: offline mode (via `--offline`) can sometimes cause surprising resolution failures',
      'cargo fetch',
    ],
  ],
  cpp: [
    ['wasm-ld-19: error: a.o: undefined symbol: __cxa_throw', 'logAbort'],
    [
      'wasm-ld-19: error: a.o: undefined symbol: helper()\nwasm-ld-19: error: a.o: undefined symbol: helper()',
      'build.source',
    ],
    ["config.h:3:10: fatal error: 'vector' file not found", 'libc++'],
    ["filter.cc:5:10: fatal error: 'proxy_wasm_intrinsics.h' file not found", 'build.cpp.sdk'],
    [
      'error: unable to create target: \'No available targets are compatible with triple "wasm32-unknown-wasi"\'',
      'WASI_SDK_PATH',
    ],
    ['clang++-19: error: unable to execute command: Executable "wasm-ld-19" doesn\'t exist!', 'lld'],
    [
      'wasm-ld-19: error: cannot open /usr/lib/llvm-19/lib/clang/19/lib/wasi/libclang_rt.builtins-wasm32.a: No such file or directory',
      'libclang-rt',
    ],
    ['wasm-ld-19: error: cannot open crt1-reactor.o: No such file or directory', 'wasi-libc'],
  ],
  tinygo: [
    ['error: requires go version 1.19 through 1.25, got go1.26', 'wasme doctor'],
    ['error: could not find wasm-opt, set the WASMOPT environment variable to override', 'binaryen'],
    ['error: $TINYGOROOT was not set to the correct root', 'TINYGOROOT'],
    ['main.go:5:2: missing go.sum entry for module providing package x', 'go mod tidy'],
  ],
  go: [
    ['-buildmode=c-shared not supported on wasip1/wasm', '1.24'],
    ['go: go.mod requires go >= 1.27 (running go 1.26.8; GOTOOLCHAIN=local)', 'GOTOOLCHAIN=auto'],
    ['main.go:5:2: missing go.sum entry for module providing package x', 'go mod tidy'],
    ['-buildmode=c-shared requires exactly one main package', 'build.source'],
    ['go: example.test/x@v1.0.0: Get "…": dial tcp: lookup proxy: no such host', 'go mod download'],
  ],
};

describe.each(languages)('the output of the %s compiler', language => {
  const toolchain = toolchains[language];

  it('gives file, line and column of each message', () => {
    expect(toolchain.parseDiagnostics(reported[language].output)).toEqual(reported[language].diagnostics);
  });

  it.each(explained[language])('is explained: %s', (output, hint) => {
    expect(toolchain.explain(output)?.hint).toContain(hint);
  });

  it('without a known message gives neither messages nor an explanation', () => {
    expect(toolchain.parseDiagnostics('ERROR something else\n')).toEqual([]);
    expect(toolchain.explain('something else')).toBe(undefined);
  });
});
