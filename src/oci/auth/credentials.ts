/**
 * Finds the credentials for a registry in the files of docker and podman and in credential helpers. login-store.ts writes
 * them.
 */
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { WasmeError } from '../../errors.ts';
import type { SystemContext } from '../../io/system-context.ts';
import { readText } from '../../io/files/files.ts';
import { canonicalHost } from '../reference.ts';
import { type Credential, tokenUser } from './credential.ts';

/**
 * The fields of a docker configuration that are read; writing keeps all others.
 * https://docs.docker.com/reference/cli/docker/#docker-cli-configuration-file-configjson-properties
 */
export interface DockerConfig {
  readonly path: string;
  readonly auths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly credHelpers: Readonly<Record<string, string>>;
  readonly credsStore: string | undefined;
  readonly raw: Readonly<Record<string, unknown>>;
}

/** The key under which docker, and so every other client, keeps the credentials of Docker Hub. */
const dockerHubKey = 'https://index.docker.io/v1/';

export function credentialKey(host: string): string {
  return host === 'docker.io' ? dockerHubKey : host;
}

/** Returns the file that `login` writes and that is read first: --registry-config, else docker's own. */
export function dockerConfigPath({ env, homeDir, cwd }: SystemContext, registryConfig?: string): string {
  if (registryConfig !== undefined) return resolve(cwd, registryConfig);
  return join(env['DOCKER_CONFIG'] || join(homeDir, '.docker'), 'config.json');
}

/**
 * Returns the credential for a repository, or undefined for anonymous access. Fails with CREDENTIALS_INVALID for damaged
 * files.
 */
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

/** Reads a docker or podman file; undefined when there is none. Fails with CREDENTIALS_INVALID and never quotes the content. */
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
    // Imported only here: starting programs needs a library that most logins do not use.
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

/** Returns the helper that keeps the credentials of a host, where one is configured. */
export function helperFor({ credHelpers, credsStore }: DockerConfig, host: string): string | undefined {
  const named = Object.entries(credHelpers).find(([key]) => hostOf(key) === host)?.[1];
  // Docker reads an empty name as "the file, not the credsStore".
  return named === '' ? undefined : (named ?? credsStore);
}

/**
 * Returns the longest key whose path is a parent of the repository: podman also writes `host/namespace/repository`.
 * https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md
 */
function matchingKey(keys: readonly string[], host: string, repository: string): string | undefined {
  return keys
    .filter(key => hostOf(key) === host)
    .map(key => [key, namespaceOf(key)] as const)
    .filter(([, namespace]) => namespace === '' || `${repository}/`.startsWith(`${namespace}/`))
    .sort(([, a], [, b]) => b.length - a.length)[0]?.[0];
}

/**
 * Returns the path of a key: `host/team/filter` → `team/filter`; empty for a whole registry, also in docker's form
 * `https://host/v1/`.
 */
function namespaceOf(key: string): string {
  const path = key
    .replace(/^https?:\/\//, '')
    .replace(/^[^/]*\/?/, '')
    .replace(/\/$/, '');
  return /^v[12]$/.test(path) ? '' : path;
}

/** Returns the host of a key such as `https://host/v1/` or `host:port`; the several names of Docker Hub give one. */
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
    reporter.warn(
      `${path} holds credentials and can be read by other users of this machine`,
      `chmod 600 ${path}`,
    );
  }
}

function parseObject(text: string, path: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = text.trim() === '' ? {} : JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    // The parser's message quotes the text around the fault, which may be a secret.
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
