/** `wasme search`: lists the repositories of a registry that has a catalogue. */
import type { SystemContext } from './io/system-context.ts';
import { defaultsOf, parseReference } from './oci/reference.ts';
import { listRepositories } from './oci/registry/lists.ts';
import { type RegistryTargetOptions, openRegistry } from './oci/registry/registry.ts';

export interface SearchOptions {
  /** `registry.example`, or followed by the start of repository names: `registry.example/team`. */
  readonly where: string;
  /** Only repositories with this text in their name. */
  readonly text?: string | undefined;
  readonly registry?: RegistryTargetOptions | undefined;
}

export interface SearchResult {
  readonly registry: string;
  /** Full names, sorted. */
  readonly repositories: readonly string[];
}

/** Fails as registries do: many public ones have no catalogue (REGISTRY_NOT_FOUND) or do not show it (REGISTRY_DENIED). */
export async function search(options: SearchOptions, system: SystemContext): Promise<SearchResult> {
  // As for `login`, a scheme in front is accepted.
  const where = options.where.replace(/^https?:\/\//i, '').replace(/\/+$/, '');
  const [host = '', ...folders] = where.split('/');
  const under = folders.length === 0 ? '' : `${folders.join('/')}/`;
  // A session belongs to a registry; any repository name opens one.
  const registry = openRegistry(
    parseReference(`${host}/catalog`, defaultsOf(system)),
    system,
    options.registry,
  );
  try {
    const names = await listRepositories(registry.session);
    const wanted = names.filter(name => name.startsWith(under) && name.includes(options.text ?? ''));
    return { registry: host, repositories: wanted.sort().map(name => `${host}/${name}`) };
  } finally {
    await registry.close();
  }
}
