/**
 * Parses and prints image references: docker's grammar `[host[:port]/]name[:tag][@digest]` with its short names.
 * https://pkg.go.dev/github.com/distribution/reference
 */
import { WasmeError } from '../errors.ts';
import type { SystemContext } from '../io/system-context.ts';
import { isDigest } from './digest.ts';

export interface Reference {
  /** Registry as users write it, with its port: `docker.io`, `localhost:5000`, `[::1]:5000`. */
  readonly host: string;
  /** Includes the `library/` of one-word names of Docker Hub. */
  readonly repository: string;
  /** `latest` when neither tag nor digest was given. */
  readonly tag?: string;
  /** If given, it decides, and the tag is only information. */
  readonly digest?: string;
}

export interface ParseOptions {
  /** Host for references that name none (WASM_IMAGE_REGISTRY); default docker.io. */
  readonly defaultRegistry?: string | undefined;
}

/** Returns the defaults that the environment sets: WASM_IMAGE_REGISTRY. */
export function defaultsOf({ env }: Pick<SystemContext, 'env'>): ParseOptions {
  return { defaultRegistry: env['WASM_IMAGE_REGISTRY'] || undefined };
}

const namePattern = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)*$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
const hostPattern =
  /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:.]+\])(?::(\d{1,5}))?$/;
/** Registries refuse longer names (host and repository together). */
const maxNameLength = 255;

/** Parses what the user typed into a full reference. Drops `oci://` and `docker://`. Fails with REFERENCE_INVALID. */
export function parseReference(text: string, options: ParseOptions = {}): Reference {
  const bare = text.replace(/^(?:oci|docker):\/\//, '');
  const fail = (why: string, hint?: string): WasmeError =>
    new WasmeError(
      'REFERENCE_INVALID',
      `${JSON.stringify(text.slice(0, 300))} is not an image reference: ${why}`,
      {
        hint: hint ?? 'write it as registry.example/team/filter:v1',
      },
    );
  const { defaultRegistry } = options;
  for (const typed of [bare, ...(defaultRegistry === undefined ? [] : [defaultRegistry])])
    refuseCredentials(typed);
  if (bare === '') throw fail('it is empty');
  if (/^https?:\/\//i.test(bare)) {
    throw fail('a URL is not a reference', `without the scheme: ${bare.replace(/^https?:\/\//i, '')}`);
  }

  const at = bare.indexOf('@');
  const digest = at < 0 ? undefined : bare.slice(at + 1);
  if (digest !== undefined && !isDigest(digest)) {
    throw fail(
      `${JSON.stringify(digest.slice(0, 200))} is not a digest`,
      'a digest is sha256: and 64 lower-case hexadecimal digits',
    );
  }
  const beforeDigest = at < 0 ? bare : bare.slice(0, at);
  const [host, rest] = splitHost(beforeDigest, defaultRegistry);
  const colon = rest.indexOf(':');
  const name = colon < 0 ? rest : rest.slice(0, colon);
  const tag = colon < 0 ? undefined : rest.slice(colon + 1);

  const port = hostPattern.exec(host);
  if (port === null || Number(port[1] ?? 1) > 65_535 || port[1] === '0') {
    throw fail(`${JSON.stringify(host)} is not a host name`);
  }
  if (!namePattern.test(name)) throw fail(...explainName(name, bare));
  if (tag !== undefined && !tagPattern.test(tag)) {
    throw fail(
      `${JSON.stringify(tag.slice(0, 140))} is not a tag`,
      'a tag is up to 128 letters, digits, ".", "_" and "-", and does not start with "." or "-"',
    );
  }
  const repository = host === 'docker.io' && !name.includes('/') ? `library/${name}` : name;
  if (beforeDigest === name && /^[0-9a-f]{64}$/.test(name)) {
    throw fail('64 hexadecimal digits look like a digest', `to name a digest: name@sha256:${name}`);
  }
  if (host.length + 1 + repository.length > maxNameLength) {
    throw fail(`host and name are longer than ${maxNameLength} characters`);
  }
  return {
    host,
    repository,
    ...(tag !== undefined ? { tag } : digest === undefined ? { tag: 'latest' } : {}),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** Recognizes `name:password@host/…`, of which nothing may be quoted. A digest also follows an `@`. */
function refuseCredentials(text: string): void {
  const [, host] = /^(?:https?:\/\/)?[^/@]*:[^/]*@(?!sha\d+:)([\w.:[\]-]*)/i.exec(text) ?? [];
  if (host === undefined) return;
  throw new WasmeError('REFERENCE_INVALID', `a reference takes no name and password in front of ${host}`, {
    hint: `wasme login ${host} keeps them; then leave them out`,
  });
}

/** Decides as docker does whether the first segment is a host. */
function splitHost(text: string, defaultRegistry = 'docker.io'): [host: string, rest: string] {
  const slash = text.indexOf('/');
  const first = slash < 0 ? '' : text.slice(0, slash);
  const named = first !== '' && (/[.:]/.test(first) || first.toLowerCase() === 'localhost');
  return [canonicalHost(named ? first : defaultRegistry), named ? text.slice(slash + 1) : text];
}

/** Returns the host in lower case, and the one name of Docker Hub for its several names. */
export function canonicalHost(host: string): string {
  const lower = host.toLowerCase();
  return lower === 'index.docker.io' || lower === 'registry-1.docker.io' ? 'docker.io' : lower;
}

function explainName(name: string, bare: string): [why: string, hint?: string] {
  if (name !== name.toLowerCase()) {
    const at = bare.indexOf(name);
    return [
      'names have no upper case',
      `in lower case: ${bare.slice(0, at)}${name.toLowerCase()}${bare.slice(at + name.length)}`,
    ];
  }
  return [`${JSON.stringify(name.slice(0, 255))} is not a repository name`];
}

/** Prints the full form, as the store keeps it: `docker.io/library/nginx:latest`. */
export function formatReference({ host, repository, tag, digest }: Reference): string {
  return `${host}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** Prints host and repository without tag or digest. */
export function formatName({ host, repository }: Reference): string {
  return `${host}/${repository}`;
}

/** Returns what a registry is asked for: the digest if there is one, else the tag. */
export function tagOrDigest({ tag, digest }: Reference): string {
  return digest ?? tag ?? 'latest';
}

/** Parses a registry as the user typed it (also a URL) into a host as references have it. Fails with REFERENCE_INVALID. */
export function registryHost(text: string | undefined, system: Pick<SystemContext, 'env'>): string {
  const named = text ?? defaultsOf(system).defaultRegistry ?? 'docker.io';
  // A one-word host would be read as a repository of Docker Hub.
  return parseReference('a', { defaultRegistry: named.replace(/^https?:\/\//i, '').replace(/\/.*$/, '') })
    .host;
}
