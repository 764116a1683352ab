/** `wasme logout`: erases the credentials for a registry. */
import type { SystemContext } from './io/system-context.ts';
import { eraseLogin } from './oci/auth/login-store.ts';
import { registryHost } from './oci/reference.ts';

export interface LogoutOptions {
  /** Default: WASM_IMAGE_REGISTRY, else Docker Hub. */
  readonly host?: string | undefined;
  readonly registryConfig?: string | undefined;
}

export interface LogoutResult {
  readonly host: string;
  /** False: there was no login. */
  readonly loggedOut: boolean;
}

/** Fails with CREDENTIALS_INVALID and FILE_ACCESS. */
export async function logout(options: LogoutOptions, system: SystemContext): Promise<LogoutResult> {
  const host = registryHost(options.host, system);
  return { host, loggedOut: await eraseLogin(host, system, options.registryConfig) };
}
