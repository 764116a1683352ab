/** `wasme deploy http`: modules of this machine, served under their digests for Envoy's remote source. */
import { basename } from 'node:path';
import { once } from 'node:events';
import { WasmeError } from './errors.ts';
import type { SystemContext } from './io/system-context.ts';
import { openStore } from './oci/store/oci-layout.ts';
import { type OpenedSource, withSource } from './oci/source.ts';
import { readImage } from './oci/read/read-image.ts';
import type { RegistryTargetOptions } from './oci/registry/registry.ts';
import { findProject } from './project/load.ts';
import {
  type ModuleCatalog,
  type ServedModule,
  modulePath,
  startModuleServer,
} from './io/http/module-server.ts';
import { digestOfCode } from './targets/source.ts';

export interface ServeOptions {
  /** Project folders, .wasm files, images; none: the project here and every image of the local store. */
  readonly sources: readonly string[];
  readonly listen?: { readonly address: string; readonly port: number } | undefined;
  readonly registry?: RegistryTargetOptions | undefined;
}

export interface ServeResult {
  readonly url: string;
  readonly modules: readonly (ServedModule & { readonly url: string })[];
}

const defaultListen = { address: '127.0.0.1', port: 8085 };

/**
 * Serves until the system's signal aborts; `onReady` is called once it listens. What was built, pulled or tagged since is
 * found when it is asked for. Fails with what finding the sources fails with, IMAGE_NOT_FOUND when there are none,
 * PORT_IN_USE, PORT_REFUSED.
 */
export async function serveModules(
  options: ServeOptions,
  system: SystemContext,
  onReady: (result: ServeResult) => void,
): Promise<void> {
  const shelf = new Shelf(options, system);
  await shelf.fill();
  if (shelf.list().length === 0) {
    throw new WasmeError(
      'IMAGE_NOT_FOUND',
      'there is no module to serve: the store is empty, and no project is here',
      {
        hint: 'name a .wasm file, a project or an image; "wasme pull" fills the store',
      },
    );
  }
  const { address, port } = options.listen ?? defaultListen;
  const bridge = await startModuleServer({
    address,
    port,
    catalogue: shelf,
    onRequest: line => system.reporter.info(line),
  });
  try {
    const modules = shelf
      .list()
      .map(module => ({ ...module, url: `${bridge.url}${modulePath(module.digest)}` }));
    onReady({ url: bridge.url, modules });
    if (!system.signal.aborted) await once(system.signal, 'abort');
  } finally {
    await bridge.close();
  }
}

interface Held {
  readonly module: ServedModule;
  /** Name to open it again by. The bytes stay on the disk, but for an image that is not in the store. */
  readonly operand: string | undefined;
  readonly bytes?: Uint8Array;
}

/** How soon a digest that nobody knows is looked for again: strangers must not keep the disk busy. */
const refillMs = 1_000;

class Shelf implements ModuleCatalog {
  readonly #options: ServeOptions;
  readonly #system: SystemContext;
  #held = new Map<string, Held>();
  #filledAt = 0;
  #filling: Promise<void> | undefined;

  constructor(options: ServeOptions, system: SystemContext) {
    this.#options = options;
    this.#system = system;
  }

  list(): readonly ServedModule[] {
    return [...this.#held.values()].map(({ module }) => module);
  }

  async read(sha256: string): Promise<{ module: ServedModule; bytes: Uint8Array } | undefined> {
    if (!this.#held.has(sha256) && this.#system.now() - this.#filledAt >= refillMs) {
      await (this.#filling ??= this.fill().finally(() => (this.#filling = undefined)));
    }
    const held = this.#held.get(sha256);
    if (held === undefined) return undefined;
    const bytes = held.bytes ?? (await this.#open(held.operand)).bytes;
    // A file that was built anew is another module: its old digest is not to be had any more.
    return digestOfCode(bytes) === held.module.digest ? { module: held.module, bytes } : undefined;
  }

  /** Looks at every source. What was named must be there the first time; later, what is gone is not served. */
  async fill(): Promise<void> {
    const first = this.#filledAt === 0;
    const found = new Map<string, Held>();
    for (const operand of await this.#operands()) {
      try {
        const { bytes, ...held } = await this.#open(operand);
        const kept = held.remote ? { bytes } : {};
        found.set(held.module.digest.replace('sha256:', ''), { module: held.module, operand, ...kept });
      } catch (error) {
        if (first && this.#options.sources.length > 0) throw error;
        this.#system.reporter.detail(`${operand ?? this.#system.cwd}: ${(error as Error).message}`);
      }
    }
    this.#held = found;
    this.#filledAt = this.#system.now();
  }

  async #operands(): Promise<readonly (string | undefined)[]> {
    if (this.#options.sources.length > 0) return this.#options.sources;
    const stored = (await openStore(this.#system).list()).map(({ name }) => name).filter(name => name !== '');
    const here = await findProject(this.#system.cwd, this.#system);
    return [...(here === undefined ? [] : [undefined]), ...stored.sort()];
  }

  #open(operand: string | undefined): Promise<{ module: ServedModule; bytes: Uint8Array; remote: boolean }> {
    const { registry } = this.#options;
    return withSource(operand, { registry }, this.#system, async opened => {
      const bytes = opened.kind === 'image' ? (await readImage(opened.image)).module : opened.module;
      const { name, source } = labelsOf(opened);
      return {
        module: { name, source, digest: digestOfCode(bytes), sizeBytes: bytes.byteLength },
        bytes,
        remote: opened.kind === 'image' && opened.place === 'registry',
      };
    });
  }
}

function labelsOf(opened: OpenedSource): { name: string; source: string } {
  if (opened.kind !== 'image') {
    return { name: opened.project?.project.name ?? basename(opened.path, '.wasm'), source: opened.path };
  }
  const repository = opened.reference?.repository ?? opened.name;
  return { name: repository.split('/').at(-1) ?? repository, source: opened.name };
}
