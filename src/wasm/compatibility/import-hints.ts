/** Names the tool or flag that brought an import which no host has, and what to change. */

interface ImportHint {
  readonly module: RegExp;
  readonly name: RegExp;
  readonly hint: string;
}

/** The first row that matches counts. */
const hints: readonly ImportHint[] = [
  {
    module: /^(wbg|__wbindgen_\w+|\.\/.*_bg\.js)$/,
    name: /./,
    hint: 'Rust: wasm-bindgen, for web pages. A dependency brought it (often a "js" or "wasmbind" feature of getrandom, chrono or uuid): turn that feature off (cargo tree -i wasm-bindgen) and build for wasm32-wasip1',
  },
  {
    module: /^(gojs|go)$/,
    name: /./,
    hint: 'Go: built for web pages with GOOS=js. Build with GOOS=wasip1 GOARCH=wasm -buildmode=c-shared',
  },
  {
    module: /^wasi$/,
    name: /^thread-spawn$/,
    hint: 'built with threads (wasm32-wasip1-threads, -pthread), which no host has: build for wasm32-wasip1 without them',
  },
  {
    module: /^wasi:/,
    name: /./,
    hint: 'components are not core modules: build for wasm32-wasip1',
  },
  {
    module: /^env$/,
    name: /^abort$/,
    hint: 'AssemblyScript: build with --use abort=abort_proc_exit (the template does), or extend the SDK asconfig',
  },
  {
    module: /^env$/,
    name: /^seed$/,
    hint: 'AssemblyScript: Math.random requests a seed from the host. Do not use it, or alias a function of your own with --use seed=NAME',
  },
  {
    module: /^env$/,
    name: /^(console[.]\w+|trace)$/,
    hint: "AssemblyScript: the console object and trace() belong to a web page or Node. Use the SDK's log()",
  },
  {
    module: /^env$/,
    name: /^(Date|performance|Math|crypto|process)\.\w+$/,
    hint: "AssemblyScript: a function of a web page or Node. Use the SDK's function, or leave it out",
  },
  {
    module: /^env$/,
    name: /^(__syscall|invoke_|emscripten_)/,
    hint: 'an Emscripten build needs more than hosts have: use -sSTANDALONE_WASM and no exceptions, or wasi-sdk',
  },
  {
    module: /^env$/,
    name: /^proxy_/,
    hint: 'a vendor extension or a newer ABI: no released Envoy has it',
  },
  {
    module: /^env$/,
    name: /./,
    hint: 'no host has it: a symbol was left undefined at link time',
  },
];

/** Returns undefined for a module that no known tool brings. */
export function importHint(module: string, name: string): string | undefined {
  return hints.find(hint => hint.module.test(module) && hint.name.test(name))?.hint;
}
