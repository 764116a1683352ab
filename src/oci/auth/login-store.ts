/**
 * Stores and erases logins where docker keeps them: in the configured helper, else in config.json, whose other fields stay
 * unchanged.
 */
import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { SystemContext } from '../../io/system-context.ts';
import { makeFolder, readText, writeAtomic } from '../../io/files/files.ts';
import { withLock } from '../../io/files/lock.ts';
import { helperErase, helperStore, programOf } from './credential-program.ts';
import { basicCredentials, tokenUser } from './credential.ts';
import {
  type DockerConfig,
  credentialKey,
  dockerConfigPath,
  helperFor,
  hostOf,
  readDockerConfig,
} from './credentials.ts';

export interface Login {
  readonly username?: string | undefined;
  /** Password, access token used as one, or OAuth2 refresh token. */
  readonly secret: string;
  readonly isIdentityToken: boolean;
}

/** The place of a login: a helper program, or a file that its readers can copy the secret from. */
export interface LoginPlace {
  readonly kind: 'helper' | 'file';
  readonly name: string;
}

/** Fails with CREDENTIALS_INVALID, TOOL_MISSING for a helper that is configured but not installed, and FILE_ACCESS. */
export async function storeLogin(
  host: string,
  login: Login,
  system: SystemContext,
  registryConfig?: string,
): Promise<LoginPlace> {
  const key = credentialKey(host);
  let place: LoginPlace | undefined;
  await changeConfig(system, registryConfig, async config => {
    const helper = helperFor(config, host);
    // Docker's helpers keep refresh tokens under this name, whoever owns them.
    const name = login.isIdentityToken ? tokenUser : (login.username ?? '');
    if (helper !== undefined)
      await helperStore(helper, key, { username: name, secret: login.secret }, system);
    place =
      helper === undefined
        ? { kind: 'file', name: config.path }
        : { kind: 'helper', name: programOf(helper) };
    // Docker writes an empty entry beside a helper to mark that there is a login.
    return { ...withoutHost(config, host), [key]: helper === undefined ? entryOf(login) : {} };
  });
  return place ?? { kind: 'file', name: dockerConfigPath(system, registryConfig) };
}

function entryOf({ username = tokenUser, secret, isIdentityToken }: Login): Record<string, string> {
  // docker refuses an entry without a user name, and podman ignores one without "auth".
  return isIdentityToken
    ? { auth: basicCredentials(username, ''), identitytoken: secret }
    : { auth: basicCredentials(username, secret) };
}

/** Erases the login and returns whether there was one. */
export async function eraseLogin(
  host: string,
  system: SystemContext,
  registryConfig?: string,
): Promise<boolean> {
  if ((await readDockerConfig(dockerConfigPath(system, registryConfig))) === undefined) return false;
  let found = false;
  await changeConfig(system, registryConfig, async config => {
    const helper = helperFor(config, host);
    if (helper !== undefined) found = await helperErase(helper, credentialKey(host), system);
    const rest = withoutHost(config, host);
    const removed = Object.keys(rest).length < Object.keys(config.auths).length;
    found ||= removed;
    return removed ? rest : undefined;
  });
  return found;
}

function withoutHost({ auths }: DockerConfig, host: string): Record<string, unknown> {
  // Keys with a path are podman's and concern single repositories.
  const isHost = (key: string): boolean =>
    hostOf(key) === host && (key.includes('://') || !key.includes('/'));
  return Object.fromEntries(Object.entries(auths).filter(([key]) => !isHost(key)));
}

/** Rewrites `auths`; if `change` returns undefined, the file stays untouched. */
async function changeConfig(
  system: SystemContext,
  registryConfig: string | undefined,
  change: (config: DockerConfig) => Promise<Record<string, unknown> | undefined>,
): Promise<void> {
  const named = dockerConfigPath(system, registryConfig);
  await makeFolder(dirname(named), { mode: 0o700 });
  // A symbolic link to a file in a dotfiles repository stays a link.
  const path = await realpath(named).catch(() => named);
  const lock = { holder: 'another login', code: 'FILE_ACCESS', waitMs: 60_000 } as const;
  await withLock(`${path}.wasme-lock`, lock, system, async () => {
    const config = (await readDockerConfig(path)) ?? {
      path,
      auths: {},
      credHelpers: {},
      credsStore: undefined,
      raw: {},
    };
    const auths = await change(config);
    if (auths === undefined) return;
    const text = await readText(path).catch(() => '');
    const indent = /^[\t ]+(?=")/m.exec(text)?.[0] ?? '\t';
    await writeAtomic(path, `${JSON.stringify({ ...config.raw, auths }, null, indent)}\n`, { mode: 0o600 });
  });
}
