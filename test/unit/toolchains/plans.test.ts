/** Plans are data: commands for given tools and settings. test/real runs them with real compilers. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { templatesDir } from '../../../src/io/files/paths.ts';
import { showCommand } from '../../../src/io/process/exec.ts';
import type { Project } from '../../../src/project/schema.ts';
import { type Language, languages } from '../../../src/project/names.ts';
import { toolchains } from '../../../src/toolchains/index.ts';
import { cpp } from '../../../src/toolchains/languages/cpp.ts';
import { go } from '../../../src/toolchains/languages/go.ts';
import { rust } from '../../../src/toolchains/languages/rust.ts';
import { tinygo } from '../../../src/toolchains/languages/tinygo.ts';
import type { PlanRequest, ProbeResult, Toolchain } from '../../../src/toolchains/toolchain.ts';

function request(
  overrides: Partial<Omit<PlanRequest, 'tools'>> & { tools?: Record<string, Partial<ProbeResult>> } = {},
): PlanRequest {
  const tools = Object.fromEntries(
    Object.entries(overrides.tools ?? {}).map(([id, tool]) => [
      id,
      { id, title: id, status: 'found' as const, ...tool },
    ]),
  );
  return {
    projectDir: '/p',
    names: [],
    project: undefined,
    name: 'my-filter',
    profile: 'release',
    variant: 'native',
    optimize: false,
    debugInfo: false,
    scratchDir: '/p/build/.wasme/release',
    env: {},
    platform: 'linux',
    homeDir: '/home/me',
    ...overrides,
    tools,
  };
}

const steps = (toolchain: Toolchain, asked: PlanRequest) => toolchain.plan(asked).steps.map(showCommand);

/** First command of a release build of a small project. */
const firstSteps: Readonly<Record<Language, { request: Parameters<typeof request>[0]; step: string }>> = {
  assemblyscript: {
    request: {
      names: ['asconfig.json'],
      variant: 'npm',
      tools: {
        node: { path: '/bin/node' },
        asc: { path: '/p/node_modules/assemblyscript' },
        asconfig: { facts: ['assembly/index.ts'] },
      },
    },
    step: '/bin/node --enable-source-maps /p/node_modules/assemblyscript/bin/asc.js --target release --outFile /p/build/.wasme/release/my-filter.wasm',
  },
  rust: {
    request: { names: ['Cargo.toml'] },
    step: 'CARGO_TERM_COLOR=never CARGO_TERM_PROGRESS_WHEN=never cargo build --target wasm32-wasip1 --release',
  },
  cpp: {
    request: {
      names: ['filter.cc', 'sdk'],
      tools: { clang: { path: '/bin/clang++', facts: 'wasm32-wasi' } },
    },
    step: '/bin/clang++ --target=wasm32-wasi -std=c++20 -Wall -fno-exceptions -fdiagnostics-color=never -O2 -Isdk -c filter.cc -o /p/build/.wasme/release/0-filter.cc.o',
  },
  tinygo: {
    request: { names: ['go.mod'], tools: { tinygo: { version: '0.41.1' } } },
    step: 'tinygo build -target=wasip1 -buildmode=c-shared -scheduler=none -no-debug -o /p/build/.wasme/release/my-filter.wasm .',
  },
  go: {
    request: { names: ['go.mod'] },
    step: 'GOOS=wasip1 GOARCH=wasm CGO_ENABLED=0 go build -buildmode=c-shared -trimpath -buildvcs=false -json=false -o /p/build/.wasme/release/my-filter.wasm .',
  },
};

it.each(languages)('a release build of %s starts its compiler', language => {
  const { request: overrides, step } = firstSteps[language];
  expect(steps(toolchains[language], request(overrides))[0]).toBe(step);
});

const crate = (name: string, dir: string, types: readonly string[], paths: readonly string[] = []) => ({
  name,
  manifest_path: `${dir}/Cargo.toml`,
  targets: [{ name, kind: types, crate_types: types, src_path: `${dir}/src/lib.rs` }],
  dependencies: paths.map(path => ({ path })),
});
const metadata = (...packages: unknown[]) => ({
  'cargo-metadata': { facts: { workspace_root: '/p', target_directory: '/shared/target', packages } },
});

describe('Rust', () => {
  it('takes the module from the target folder that cargo metadata names', () => {
    const asked = request({
      tools: metadata(crate('my-filter', '/p', ['cdylib', 'rlib'], ['/common', '/p/inner'])),
    });
    expect(steps(rust, asked)).toEqual([
      // Another project may have left a package of that name there.
      'cargo clean --quiet --target wasm32-wasip1 --release --package my-filter',
      'CARGO_TERM_COLOR=never CARGO_TERM_PROGRESS_WHEN=never cargo build --target wasm32-wasip1 --release --package my-filter',
    ]);
    expect(rust.plan(asked)).toMatchObject({ module: '/shared/target/wasm32-wasip1/release/my_filter.wasm' });
    expect(rust.plan(asked).inputs).toContain('../common/**/*.{rs,toml}');
  });

  it('builds for wasm32-wasi with an old Rust, in target/ without metadata', () => {
    const tools = { 'wasi-std': { facts: '/rust/lib/rustlib/wasm32-wasi/lib' } };
    const plan = rust.plan(request({ tools, profile: 'debug' }));
    expect(plan.steps[0]?.args).toEqual(['build', '--target', 'wasm32-wasi']);
    expect(plan.module).toBe('/p/target/wasm32-wasi/debug/my_filter.wasm');
  });

  it('keeps debug information in a release build with debugInfo, as TinyGo and C++ do', () => {
    expect(steps(rust, request({ debugInfo: true }))[0]).toMatch(
      /^CARGO_TERM_COLOR=never CARGO_TERM_PROGRESS_WHEN=never CARGO_PROFILE_RELEASE_DEBUG=2 CARGO_PROFILE_RELEASE_STRIP=none cargo build /,
    );
    expect(steps(rust, request({ debugInfo: true, profile: 'debug' }))[0]).not.toContain('CARGO_PROFILE');
    expect(steps(tinygo, request({ debugInfo: true }))[0]).not.toContain('-no-debug');
    const plan = steps(cpp, request({ names: ['filter.cc'], debugInfo: true })).join('\n');
    expect(plan).toContain(' -O2 -g ');
    expect(plan).not.toContain('strip-debug');
  });

  it('refuses crates without a cdylib, and workspaces with several', () => {
    const none = request({ tools: metadata(crate('my-filter', '/p', ['lib'])) });
    expect(() => rust.plan(none)).toThrow('no cdylib library in my-filter');
    const two = request({ tools: metadata(crate('a', '/p/a', ['cdylib']), crate('b', '/p/b', ['cdylib'])) });
    expect(() => rust.plan(two)).toThrow('more than one filter: a, b');
    const member = request({ tools: metadata(crate('a', '/p/a', ['cdylib']), crate('b', '/p/b', ['lib'])) });
    expect(rust.plan(member).steps.at(-1)?.args).toContain('a');
  });

  it('builds the library of a crate with examples, its only example, or the one that build.source names', () => {
    const example = (name: string) => ({
      name,
      kind: ['example'],
      crate_types: ['cdylib'],
      src_path: `/p/examples/${name}.rs`,
    });
    const withExamples = (types: readonly string[], ...names: readonly string[]) => {
      const base = crate('my-filter', '/p', types);
      return metadata({ ...base, targets: [...base.targets, ...names.map(example)] });
    };
    const library = rust.plan(request({ tools: withExamples(['cdylib'], 'one', 'two') }));
    expect(library.module).toBe('/shared/target/wasm32-wasip1/release/my_filter.wasm');
    expect(library.steps.at(-1)?.args).not.toContain('--example');
    const only = rust.plan(request({ tools: withExamples(['lib'], 'add-header') }));
    expect(only.module).toBe('/shared/target/wasm32-wasip1/release/examples/add_header.wasm');
    expect(only.steps.at(-1)?.args.slice(-4)).toEqual(['--package', 'my-filter', '--example', 'add-header']);
    const several = withExamples(['lib'], 'one', 'two');
    expect(() => rust.plan(request({ tools: several }))).toThrow(
      'more than one filter: example one, example two',
    );
    const project = { build: { source: 'examples/two.rs' } } as Project;
    expect(rust.plan(request({ tools: several, project })).module).toMatch(/examples\/two\.wasm$/);
  });

  it('adds the target in a container, and runs wasm-opt with optimize', () => {
    expect(steps(rust, request({ variant: 'container' }))).toEqual([
      'rustup target add wasm32-wasip1',
      'CARGO_TERM_COLOR=never CARGO_TERM_PROGRESS_WHEN=never cargo build --target wasm32-wasip1 --release',
    ]);
    const optimized = rust.plan(
      request({ optimize: true, tools: { 'wasm-opt': { path: '/bin/wasm-opt' } } }),
    );
    expect(optimized.steps[1]?.program).toBe('/bin/wasm-opt');
    expect(optimized.module).toBe('/p/build/.wasme/release/my_filter.opt.wasm');
    const packaged = request({ optimize: true, tools: { binaryen: { path: '/p/node_modules/binaryen' } } });
    expect(rust.plan(packaged).steps[1]).toMatchObject({
      program: 'node',
      args: expect.arrayContaining(['/p/node_modules/binaryen/bin/wasm-opt', '-g']) as string[],
    });
    expect(() => rust.plan(request({ optimize: true }))).toThrow('needs wasm-opt');
  });
});

describe('Go and TinyGo', () => {
  const goMod = (value: unknown) => ({ 'go-mod': { facts: value } });

  it('Go builds a library without paths and VCS stamps', () => {
    const project = { build: { source: 'cmd/filter' } } as Project;
    expect(steps(go, request({ project }))).toEqual([
      'GOOS=wasip1 GOARCH=wasm CGO_ENABLED=0 go build -buildmode=c-shared -trimpath -buildvcs=false -json=false -o /p/build/.wasme/release/my-filter.wasm ./cmd/filter',
    ]);
    const tools = goMod({ Replace: [{ New: { Path: '../common' } }] });
    expect(go.plan(request({ tools })).inputs).toContain('../common/**/*.go');
  });

  it.each([
    ['0.41.1', 'release', '-target=wasip1 -buildmode=c-shared -scheduler=none -no-debug'],
    ['0.41.1', 'debug', '-target=wasip1 -buildmode=c-shared -scheduler=none -opt=1'],
    ['0.33.0', 'release', '-target=wasi -scheduler=none -no-debug'],
  ] as const)('TinyGo %s builds the profile %s with %s', (version, profile, flags) => {
    const debugInfo = profile === 'debug';
    const [step] = steps(tinygo, request({ profile, debugInfo, tools: { tinygo: { version } } }));
    expect(step).toBe(`tinygo build ${flags} -o /p/build/.wasme/release/my-filter.wasm .`);
  });

  it('TinyGo builds filters of the archived SDK, except those that a newer TinyGo cannot start', () => {
    const sdk = goMod({
      Require: [{ Path: 'github.com/tetratelabs/proxy-wasm-go-sdk', Version: 'v0.24.0' }],
    });
    const newer = { ...sdk, tinygo: { version: '0.41.1' } };
    const inMain = { ...newer, setup: { facts: ['main'] } };
    expect(() => tinygo.plan(request({ tools: inMain }))).toThrow('does not call main()');
    const plan = tinygo.plan(request({ tools: { ...newer, setup: { facts: ['init'] } } }));
    expect(plan.steps[0]?.args).toContain('-buildmode=c-shared');
    expect(plan.warnings).toEqual([expect.stringContaining('is archived') as string]);
    expect(steps(tinygo, request({ tools: { ...sdk, tinygo: { version: '0.33.0' } } }))[0]).toContain(
      '-target=wasi ',
    );
  });
});

describe('C++', () => {
  const names = ['CMakeLists.txt', 'filter.cc', 'filter_test.cc', 'helper.cpp', 'sdk', 'test'];
  const clang = { clang: { path: '/bin/clang++-19', facts: 'wasm32-wasip1' } };

  it('compiles each source at the top and the SDK, then links', () => {
    const plan = cpp.plan(request({ names, tools: clang }));
    expect(plan.steps.map(step => step.args.slice(-3, -2).concat(step.args.slice(-1)))).toEqual([
      ['filter.cc', '/p/build/.wasme/release/0-filter.cc.o'],
      ['helper.cpp', '/p/build/.wasme/release/1-helper.cpp.o'],
      ['sdk/proxy_wasm_intrinsics.cc', '/p/build/.wasme/release/2-proxy_wasm_intrinsics.cc.o'],
      [expect.any(String), '/p/build/.wasme/release/my-filter.wasm'],
    ]);
    expect(plan.steps[0]?.args).toEqual(expect.arrayContaining(['--target=wasm32-wasip1', '-O2', '-Isdk']));
    expect(plan.steps.at(-1)?.args.join(' ')).not.toMatch(/-O\d|allow-undefined/);
  });

  it('links another SDK with lists of imports and exports', () => {
    const project = { build: { cpp: { sdk: 'vendor/sdk' } } } as Project;
    const link = cpp
      .plan(request({ names, project, tools: clang }))
      .steps.at(-1)
      ?.args.join(' ');
    expect(link).toMatch(/-Wl,--allow-undefined-file=\S+proxy_wasm\.imports/);
    expect(link).toContain('-Wl,--export-if-defined=proxy_on_request_headers');
    expect(link).toContain('-Wl,--export-if-defined=malloc');
  });

  it('compiles the file that build.source names, and refuses a folder without source', () => {
    const project = { build: { source: 'src/main.cc' } } as Project;
    expect(cpp.plan(request({ names, project, tools: clang })).steps).toHaveLength(3);
    expect(() => cpp.plan(request({ names: ['README.md'], tools: clang }))).toThrow('no C++ source');
  });

  it('names the folders that a container mounts, and the clang of its image', () => {
    const made = { build: {} } as Project;
    const inside = cpp.plan(request({ names, project: made, variant: 'container' }));
    expect(inside.reads).toEqual([]);
    expect(inside.steps[0]?.program).toBe('/opt/wasi-sdk/bin/clang++');
    const without = cpp.plan(request({ names: ['filter.cc'], variant: 'container' }));
    expect(without.reads).toEqual([join(templatesDir(), 'cpp', 'sdk')]);
    const project = { build: { cpp: { sdk: '../sdk' } } } as Project;
    expect(cpp.plan(request({ names, project, variant: 'container' })).reads?.[0]).toBe('/sdk');
  });

  it('uses CMake, if it is installed, for a project that wasme init has not created', () => {
    const cmake = { path: '/bin/cmake' };
    const foreign = cpp.plan(request({ names, tools: { ...clang, cmake } }));
    expect(foreign.steps.map(({ program, args }) => [program, args[0]])).toEqual([
      ['/bin/cmake', '-S'],
      ['/bin/cmake', '--build'],
    ]);
    expect(foreign.steps[0]?.args).toContain('-DWASI_CLANG=/bin/clang++-19');
    expect(foreign.module).toBe('/p/build/.wasme/release/cmake-results');
    const project = { build: {} } as Project;
    expect(cpp.plan(request({ names, project, tools: { ...clang, cmake } })).steps).toHaveLength(4);
    const always = { build: { cpp: { cmake: true } } } as Project;
    expect(cpp.plan(request({ names, project: always, tools: { ...clang, cmake } })).steps).toHaveLength(2);
    const inFolders = { names: ['CMakeLists.txt', 'src'], project };
    expect(cpp.plan(request({ ...inFolders, tools: { ...clang, cmake } })).steps).toHaveLength(2);
    expect(() => cpp.plan(request({ ...inFolders, tools: clang }))).toThrow('CMake, which was not found');
    expect(() => cpp.plan(request({ names, project: always, variant: 'npm' }))).toThrow('clang from npm');
  });

  it("runs npm's clang in Node", () => {
    const tools = { node: { path: '/bin/node' }, clang: { path: '/cache/@yowasp/clang' } };
    const [step, ...others] = cpp.plan(request({ names, variant: 'npm', tools })).steps;
    expect(others).toEqual([]);
    expect(step?.program).toBe('/bin/node');
    expect(JSON.parse(step?.args.at(-1) ?? '')).toMatchObject({
      sources: ['filter.cc', 'helper.cpp', 'sdk/proxy_wasm_intrinsics.cc'],
      output: '/p/build/.wasme/release/my-filter.wasm',
    });
  });
});
