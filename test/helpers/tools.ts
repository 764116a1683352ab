/** Real programs that tests use when they are there. Missing ones skip with a reason, or fail under WASME_REQUIRE=all. */
import { accessSync, constants, existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Folder into which .ci/provision installs tools. */
export const toolsDir = process.env['WASME_TOOLS'] ?? join(homedir(), '.cache', 'wasme-ci');

interface KnownTool {
  readonly program?: string;
  readonly file?: string;
  readonly get: string;
  /** Too costly to ask for: skipped also under WASME_REQUIRE=all. */
  readonly optional?: true;
}

/** Program name on PATH, or a path below `toolsDir`; `get` is how a person gets it. */
const known = {
  'envoy-1.40': { file: 'envoy-1.40.0/bin/envoy', get: '.ci/provision envoy' },
  'envoy-1.39': { file: 'envoy-1.39.3/bin/envoy', get: '.ci/provision envoys-between', optional: true },
  'envoy-1.38': { file: 'envoy-1.38.2/bin/envoy', get: '.ci/provision envoys-between', optional: true },
  'envoy-1.37': { file: 'envoy-1.37.0/bin/envoy', get: '.ci/provision envoys-between', optional: true },
  'envoy-1.36': { file: 'envoy-1.36.2/bin/envoy', get: '.ci/provision envoy' },
  'func-e': { file: 'func-e-1.6.0/func-e', get: '.ci/provision func-e' },
  'docker-registry': { program: 'docker-registry', get: '.ci/provision registries' },
  skopeo: { program: 'skopeo', get: '.ci/provision registries' },
  oras: { file: 'oci-clients-2.6.4-0.22.1/bin/oras', get: '.ci/provision oci-clients' },
  crane: { file: 'oci-clients-2.6.4-0.22.1/bin/crane', get: '.ci/provision oci-clients' },
  'referrers-registry': { file: 'oci-clients-2.6.4-0.22.1/bin/registry', get: '.ci/provision oci-clients' },
  chromium: { program: 'chromium', get: '.ci/provision chromium' },
  kubectl: { file: 'kubectl-1.37.1/bin/kubectl', get: '.ci/provision kubernetes' },
  etcd: { file: 'etcd/bin/etcd', get: '.ci/provision kubernetes' },
  'kube-apiserver': {
    file: 'kube-apiserver-1.36.3/bin/kube-apiserver',
    get: '.ci/provision kubernetes',
  },
  openssl: { program: 'openssl', get: 'apt-get install openssl' },
  go: { program: 'go', get: '.ci/provision go' },
  tinygo: { file: 'tinygo/bin/tinygo', get: '.ci/provision tinygo' },
  cargo: { program: 'cargo', get: 'https://rustup.rs' },
  rust: { file: 'rust/bin/rustc', get: '.ci/provision rust' },
  'clang-wasi': { program: 'clang++-19', get: '.ci/provision cpp' },
  'clang-npm': { file: 'npm-clang/wasme/npm/node_modules/@yowasp/clang', get: '.ci/provision cpp' },
  cmake: { program: 'cmake', get: '.ci/provision cpp' },
  'llvm-dwarfdump': { program: 'llvm-dwarfdump-19', get: '.ci/provision cpp' },
  'wasm-opt': { program: 'wasm-opt', get: '.ci/provision cpp' },
  podman: { program: 'podman', get: '.ci/provision containers' },
  fish: { program: 'fish', get: '.ci/provision shells' },
  zsh: { program: 'zsh', get: '.ci/provision shells' },
  cosign: { file: 'cosign-2.6.5/cosign', get: '.ci/provision cosign', optional: true },
  npm: { program: 'npm', get: 'npm comes with Node' },
  git: { program: 'git', get: 'apt-get install git' },
} satisfies Record<string, KnownTool>;

export type ToolName = keyof typeof known;

/** Path of a tool, or undefined. */
function findTool(name: ToolName): string | undefined {
  const tool: KnownTool = known[name];
  if (tool.file !== undefined) {
    const path = join(toolsDir, tool.file);
    return existsSync(path) ? path : undefined;
  }
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map(folder => join(folder, tool.program ?? ''))
    .find(isExecutable);
}

/** Path of a tool inside `describeWith`, where it is known to be there. */
export function tool(name: ToolName): string {
  const path = findTool(name);
  if (path === undefined) throw new Error(`${name} is not installed: ${known[name].get}`);
  return path;
}

/** `describe` for tests that need real programs. */
export function describeWith(needs: readonly ToolName[], title: string, body: () => void): void {
  const missing = needs.filter(name => findTool(name) === undefined);
  if (missing.length === 0) {
    describe(title, body);
    return;
  }
  const reason = `needs ${missing.map(name => `${name} (${known[name].get})`).join(', ')}`;
  const required = missing.some(name => !('optional' in known[name]));
  describe(title, () => {
    it(reason, context => {
      if (process.env['WASME_REQUIRE'] === 'all' && required) expect.fail(reason);
      context.skip(reason);
    });
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
