/** `wasme login`: checks credentials with the registry, then stores them where docker does. */
import { WasmeError } from './errors.ts';
import type { SystemContext } from './io/system-context.ts';
import { type LoginPlace, storeLogin } from './oci/auth/login-store.ts';
import { registryHost } from './oci/reference.ts';
import { type RegistryOptions, RegistrySession } from './oci/registry/session.ts';

export interface LoginOptions {
  /** `registry.example`, with a port if it has one; default: WASM_IMAGE_REGISTRY, else Docker Hub. */
  readonly host?: string | undefined;
  /** Required with a password. */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** OAuth2 refresh token, instead of a password. */
  readonly identityToken?: string | undefined;
  readonly registry?: RegistryOptions | undefined;
}

export interface LoginResult {
  readonly host: string;
  /** Absent for a token without a user name. */
  readonly username?: string;
  readonly storedIn: LoginPlace;
  /** False: the registry asks for no credentials, so the login could not be checked. */
  readonly checked: boolean;
}

/** Stores nothing that the registry refuses. Fails with REGISTRY_UNAUTHORIZED, NETWORK and CREDENTIALS_INVALID. */
export async function login(options: LoginOptions, system: SystemContext): Promise<LoginResult> {
  const host = registryHost(options.host, system);
  const { username, password, identityToken } = options;
  const secret = identityToken ?? password;
  if (secret === undefined || (identityToken === undefined && username === undefined)) {
    throw new WasmeError('USAGE', 'a login is a user name and a password, or an identity token');
  }
  let checked: boolean;
  const session = new RegistrySession(host, system, {
    ...options.registry,
    username,
    ...(identityToken === undefined ? { password } : { identityToken }),
  });
  try {
    await check(session);
    checked = session.isLoggedIn;
  } finally {
    await session.close();
  }
  const storedIn = await storeLogin(
    host,
    { username, secret, isIdentityToken: identityToken !== undefined },
    system,
    options.registry?.registryConfig,
  );
  return { host, ...(username === undefined ? {} : { username }), storedIn, checked };
}

async function check(session: RegistrySession): Promise<void> {
  const request = { method: 'GET' as const, path: '/v2/', scopes: [], action: `log in to ${session.host}` };
  const response = await session.send(request);
  if (response.status === 404) {
    await response.discard();
    throw new WasmeError('REGISTRY_NOT_FOUND', `${session.host} is not a registry: it has no /v2/`, {
      hint: 'name the host that images are pulled from, not the one of its web page',
    });
  }
  if (!response.ok) throw await session.failure(response, request);
  await response.discard();
}
