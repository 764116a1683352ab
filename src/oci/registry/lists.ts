/**
 * Reads lists that registries give in pages: the tags of a repository, the repositories of a registry.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags
 */
import { WasmeError } from '../../errors.ts';
import { printable } from '../../io/printable.ts';
import { parseObject } from '../json-object.ts';
import { maxTagPageBytes } from '../limits.ts';
import type { RegistryTarget } from './registry.ts';
import type { RegistrySession } from './session.ts';

/** ECR allows no more. */
const pageSize = 1000;
/** A million entries; a registry that sends more repeats itself. */
const maxPages = 1000;

/** Returns all tags in the registry's order. Fails with REGISTRY_NOT_FOUND for an unknown repository. */
export async function listTags(registry: RegistryTarget): Promise<readonly string[]> {
  return pages(registry.session, {
    path: `${registry.path('tags', 'list')}?n=${pageSize}`,
    field: 'tags',
    scopes: registry.pullScopes(),
    action: `list the tags of ${registry.label}`,
  });
}

/** Returns all repositories. Docker Hub, GHCR and ECR do not list them: REGISTRY_DENIED or REGISTRY_NOT_FOUND. */
export async function listRepositories(session: RegistrySession): Promise<readonly string[]> {
  return pages(session, {
    path: `/v2/_catalog?n=${pageSize}`,
    field: 'repositories',
    scopes: ['registry:catalog:*'],
    action: `list the repositories of ${session.host}`,
  });
}

interface PagedList {
  readonly path: string;
  readonly field: 'tags' | 'repositories';
  readonly scopes: readonly string[];
  readonly action: string;
}

async function pages(session: RegistrySession, list: PagedList): Promise<readonly string[]> {
  const found = new Set<string>();
  let url: URL | undefined = new URL(list.path, session.base);
  for (let page = 0; url !== undefined && page < maxPages; page++) {
    const request = { method: 'GET' as const, path: url, scopes: list.scopes, action: list.action };
    const response = await session.send(request);
    if (!response.ok) throw await session.failure(response, request);
    const names = entries(await response.bytes(maxTagPageBytes), list);
    const before = found.size;
    for (const name of names) found.add(name);
    // A page without new entries is the last one, whatever its Link says.
    if (found.size === before) break;
    url = nextPage(response.header('link'), url, session.base, names);
  }
  return [...found];
}

function entries(body: Buffer, { field, action }: PagedList): string[] {
  const refuse = (why: string): WasmeError =>
    new WasmeError('REGISTRY_REFUSED', `cannot ${action}: ${why}`, {
      hint: 'the operator of the registry, or of a proxy in front of it, has to look at it',
    });
  const json = parseObject(body.toString('utf8'));
  if (json === undefined) throw refuse('the answer is not JSON');
  // null means an empty list.
  const names = json[field] ?? [];
  if (!Array.isArray(names) || !names.every(name => typeof name === 'string')) {
    throw refuse(`"${field}" in the answer is not a list of names`);
  }
  return names.map(name => printable(name, 300));
}

/** Returns the next page by the Link header, on the registry's own origin only; else by the last entry when the page was full. */
function nextPage(
  link: string | undefined,
  current: URL,
  base: URL,
  names: readonly string[],
): URL | undefined {
  const target = /<([^>]*)>\s*;[^<]*\brel="?next"?/i.exec(link ?? '')?.[1];
  if (target !== undefined) {
    const next = URL.canParse(target, current.href) ? new URL(target, current) : undefined;
    return next?.origin === base.origin ? next : undefined;
  }
  if (names.length !== pageSize) return undefined;
  const next = new URL(current);
  next.searchParams.set('last', names.at(-1) ?? '');
  return next;
}
