/** Who we are to a registry: read from docker's and podman's files and from credential helpers. Writing is in login-store.ts. */
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { WasmeError } from '../../errors.ts';
import type { SystemContext } from '../../io/system-context.ts';
import { readText } from '../../io/files/files.ts';
import { canonicalHost } from '../reference.ts';
import { type Credential, tokenUser } from './credential.ts';

/** A docker configuration, as far as we read it; everything else in it is kept when we write. */
export interface DockerConfig {
  readonly path: string;
  readonly auths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly credHelpers: Readonly<Record<string, string>>;
  readonly credsStore: string | undefined;
  readonly raw: Readonly<Record<string, unknown>>;
}

/** The key under which Docker Hub's credentials are kept, by docker and so by everybody. */
const dockerHubKey = 'https://index.docker.io/v1/';

export function credentialKey(host: string): string {
  return host === 'docker.io' ? dockerHubKey : host;
}

/** Where `login` writes and reading starts: --registry-config, else docker's own. */
export function dockerConfigPath({ env, homeDir, cwd }: SystemContext, registryConfig?: string): string {
  if (registryConfig !== undefined) return resolve(cwd, registryConfig);
  return join(env['DOCKER_CONFIG'] || join(homeDir, '.docker'), 'config.json');
}

/** The credential for a repository, or undefined: then the registry is asked anonymously. CREDENTIALS_INVALID for bad files. */
export async function findCredential(
  host: string,
  repository: string,
  system: SystemContext,
  registryConfig?: string,
): Promise<Credential | undefined> {
  for (const path of configPaths(system, registryConfig)) {
    const config = await readDockerConfig(path);
    const found = config && (await fromConfig(config, host, repository, system));
    if (found) return found;
  }
  return undefined;
}

function configPaths(system: SystemContext, registryConfig?: string): string[] {
  const { env, homeDir } = system;
  if (registryConfig !== undefined) return [dockerConfigPath(system, registryConfig)];
  return [
    dockerConfigPath(system),
    env['REGISTRY_AUTH_FILE'],
    env['XDG_RUNTIME_DIR'] && join(env['XDG_RUNTIME_DIR'], 'containers', 'auth.json'),
    join(env['XDG_CONFIG_HOME'] || join(homeDir, '.config'), 'containers', 'auth.json'),
  ].filter((path): path is string => path !== undefined && path !== '');
}

/** Reads a docker or podman file; undefined when there is none. Fails with CREDENTIALS_INVALID, never quoting its content. */
export async function readDockerConfig(path: string): Promise<DockerConfig | undefined> {
  let text: string;
  try {
    text = await readText(path);
  } catch (error) {
    if (error instanceof WasmeError && error.code === 'FILE_NOT_FOUND') return undefined;
    throw error;
  }
  const raw = parseObject(text, path);
  const helpers = Object.entries(objectAt(raw, 'credHelpers', path)).filter(
    ([, name]) => typeof name === 'string',
  );
  const auths = Object.entries(objectAt(raw, 'auths', path)).map(([key, entry]) => [
    key,
    typeof entry === 'object' && entry !== null ? entry : {},
  ]);
  const store = raw['credsStore'];
  return {
    path,
    auths: Object.fromEntries(auths) as DockerConfig['auths'],
    credHelpers: Object.fromEntries(helpers) as Record<string, string>,
    credsStore: typeof store === 'string' && store !== '' ? store : undefined,
    raw,
  };
}

async function fromConfig(
  config: DockerConfig,
  host: string,
  repository: string,
  system: SystemContext,
): Promise<Credential | undefined> {
  const helper = helperFor(config, host);
  if (helper !== undefined) {
    // Starting programs is a library of its own, which most logins do not need.
    const { helperGet } = await import('./credential-program.ts');
    const found = await helperGet(helper, credentialKey(host), system);
    if (found) return found;
  }
  const key = matchingKey(Object.keys(config.auths), host, repository);
  const entry = key === undefined ? undefined : config.auths[key];
  const credential = entry && fromEntry(entry, config.path);
  if (credential) await warnIfReadable(config.path, system);
  return credential;
}

/** The helper program that has the credentials for a host, where one is configured. */
export function helperFor({ credHelpers, credsStore }: DockerConfig, host: string): string | undefined {
  const named = Object.entries(credHelpers).find(([key]) => hostOf(key) === host)?.[1];
  // Docker reads an empty name as "the file, not the credsStore".
  return named === '' ? undefined : (named ?? credsStore);
}

/** podman also keys by `host/namespace/repository`: the longest key that fits wins, and counts below its path only. */
function matchingKey(keys: readonly string[], host: string, repository: string): string | undefined {
  return keys
    .filter(key => hostOf(key) === host)
    .map(key => [key, namespaceOf(key)] as const)
    .filter(([, namespace]) => namespace === '' || `${repository}/`.startsWith(`${namespace}/`))
    .sort(([, a], [, b]) => b.length - a.length)[0]?.[0];
}

/** `host/team/filter` → `team/filter`; empty for a whole registry, also as docker writes it: `https://host/v1/`. */
function namespaceOf(key: string): string {
  const path = key
    .replace(/^https?:\/\//, '')
    .replace(/^[^/]*\/?/, '')
    .replace(/\/$/, '');
  return /^v[12]$/.test(path) ? '' : path;
}

/** `https://host/v1/`, `host:port` → the host; Docker Hub's several names are one. */
export function hostOf(key: string): string {
  return canonicalHost(key.replace(/^https?:\/\//, '').replace(/\/.*$/, ''));
}

function fromEntry(entry: Readonly<Record<string, unknown>>, path: string): Credential | undefined {
  const text = (name: string): string | undefined => {
    const value = entry[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  let username = text('username');
  let password = text('password');
  const auth = text('auth');
  if (auth !== undefined) {
    const decoded = Buffer.from(auth, 'base64').toString('utf8').replace(/\0+$/, '');
    const colon = decoded.indexOf(':');
    if (colon < 1) {
      throw new WasmeError('CREDENTIALS_INVALID', `${path}: an "auth" field is not base64 of user:password`, {
        hint: 'log in again with "wasme login", or remove the entry',
      });
    }
    username = decoded.slice(0, colon);
    password = decoded.slice(colon + 1) || undefined;
  }
  const identityToken = text('identitytoken');
  const registryToken = text('registrytoken');
  if (password === undefined && identityToken === undefined && registryToken === undefined) return undefined;
  if (username === tokenUser) username = undefined;
  const who = username === undefined ? 'a token' : `user ${JSON.stringify(username)}`;
  return { username, password, identityToken, registryToken, source: `${who} from ${path}` };
}

async function warnIfReadable(path: string, { platform, reporter }: SystemContext): Promise<void> {
  if (platform === 'win32') return;
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0) {
    reporter.warn(`${path} holds credentials and others on this machine may read it`, `chmod 600 ${path}`);
  }
}

function parseObject(text: string, path: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = text.trim() === '' ? {} : JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    // The parser's message quotes the text around the fault: that may be a secret.
    value = undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new WasmeError('CREDENTIALS_INVALID', `${path} is not a JSON object`, {
      hint: 'correct the file (JSON takes no comments and no trailing commas), or move it away and log in again',
    });
  }
  return value as Record<string, unknown>;
}

function objectAt(
  raw: Readonly<Record<string, unknown>>,
  name: string,
  path: string,
): Record<string, unknown> {
  const value = raw[name] ?? {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new WasmeError('CREDENTIALS_INVALID', `${path}: "${name}" is not an object`, {
      hint: 'correct the file, or move it away and log in again',
    });
  }
  return value as Record<string, unknown>;
}
