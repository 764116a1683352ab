/** `wasme serve`: serves modules of this machine under the digests of their bytes, for proxies that fetch code by URL. */
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
import { digestOf } from './io/sha256.ts';

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
 * Serves until the system's signal aborts; calls `onReady` once it listens. A module that was built, pulled or tagged since
 * the start is found when its digest is asked for. Fails with IMAGE_NOT_FOUND when there is no module, with PORT_IN_USE and
 * PORT_REFUSED, and as reading a named source fails.
 */
export async function serve(
  options: ServeOptions,
  system: SystemContext,
  onReady: (result: ServeResult) => void,
): Promise<void> {
  const catalog = new SourceCatalog(options, system);
  await catalog.fill();
  if (catalog.list().length === 0) {
    throw new WasmeError(
      'IMAGE_NOT_FOUND',
      'there is no module to serve: the store is empty, and no project is here',
      {
        hint: 'name a .wasm file, a project or an image; "wasme pull" fills the store',
      },
    );
  }
  const { address, port } = options.listen ?? defaultListen;
  const server = await startModuleServer({
    address,
    port,
    catalog,
    onRequest: line => system.reporter.info(line),
  });
  try {
    const modules = catalog
      .list()
      .map(module => ({ ...module, url: `${server.url}${modulePath(module.digest)}` }));
    onReady({ url: server.url, modules });
    if (!system.signal.aborted) await once(system.signal, 'abort');
  } finally {
    await server.close();
  }
}

interface CatalogEntry {
  readonly module: ServedModule;
  /** The operand that opens it again. Only the bytes of an image that is not in the store are kept in memory. */
  readonly operand: string | undefined;
  readonly bytes?: Uint8Array;
}

/** Pause between two searches for unknown digests: whoever asks for them must not keep the disk busy. */
const refillMs = 1_000;

class SourceCatalog implements ModuleCatalog {
  readonly #options: ServeOptions;
  readonly #system: SystemContext;
  #entries = new Map<string, CatalogEntry>();
  #filledAt = 0;
  #filling: Promise<void> | undefined;

  constructor(options: ServeOptions, system: SystemContext) {
    this.#options = options;
    this.#system = system;
  }

  list(): readonly ServedModule[] {
    return [...this.#entries.values()].map(({ module }) => module);
  }

  async read(sha256: string): Promise<{ module: ServedModule; bytes: Uint8Array } | undefined> {
    if (!this.#entries.has(sha256) && this.#system.now() - this.#filledAt >= refillMs) {
      await (this.#filling ??= this.fill().finally(() => (this.#filling = undefined)));
    }
    const entry = this.#entries.get(sha256);
    if (entry === undefined) return undefined;
    const bytes = entry.bytes ?? (await this.#open(entry.operand)).bytes;
    // A file that was built again is another module, and its old digest is gone.
    return digestOf(bytes) === entry.module.digest ? { module: entry.module, bytes } : undefined;
  }

  /** Reads every source. The first time each named source must exist; later a source that is gone is not served. */
  async fill(): Promise<void> {
    const first = this.#filledAt === 0;
    const found = new Map<string, CatalogEntry>();
    for (const operand of await this.#operands()) {
      try {
        const { bytes, module, remote } = await this.#open(operand);
        const kept = remote ? { bytes } : {};
        found.set(module.digest.replace('sha256:', ''), { module, operand, ...kept });
      } catch (error) {
        if (first && this.#options.sources.length > 0) throw error;
        this.#system.reporter.detail(`${operand ?? this.#system.cwd}: ${(error as Error).message}`);
      }
    }
    this.#entries = found;
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
        module: { name, source, digest: digestOf(bytes), sizeBytes: bytes.byteLength },
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
