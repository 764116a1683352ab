/**
 * Speaks the protocol of docker-credential-* programs: the verb is an argument, every secret goes over stdin and stdout.
 * https://github.com/docker/docker-credential-helpers#development
 */
import { WasmeError, withoutSecrets } from '../../errors.ts';
import type { SystemContext } from '../../io/system-context.ts';
import { type ExecResult, exec } from '../../io/process/exec.ts';
import { printable } from '../../io/printable.ts';
import { type Credential, tokenUser } from './credential.ts';
import { parseObject } from '../json-object.ts';

/** A helper may wait while the user unlocks a keychain, but not without end. */
const helperTimeoutMs = 30_000;
/** Texts with which helpers say that nothing is stored; they all copy docker's. */
const nothingStored = /credentials not found|no credentials server URL|no credentials username/i;

/**
 * Returns the helper's credential for a server, or undefined. A missing helper is a warning, because other sources may have
 * one.
 */
export async function helperGet(
  name: string,
  server: string,
  system: SystemContext,
  timeoutMs = helperTimeoutMs,
): Promise<Credential | undefined> {
  let result: ExecResult;
  try {
    result = await runHelper(name, 'get', server, system, timeoutMs);
  } catch (error) {
    if (!(error instanceof WasmeError) || error.code !== 'TOOL_MISSING') throw error;
    system.reporter.warn(`the credential helper ${programOf(name)} is configured but cannot be started`);
    return undefined;
  }
  if (result.exitCode !== 0) {
    if (nothingStored.test(result.stdout + result.stderr)) return undefined;
    throw helperFailed(name, 'get', result);
  }
  const { Username: username, Secret: secret } = parseAnswer(name, result.stdout);
  if (secret === undefined || secret === '') return undefined;
  const source = `user ${JSON.stringify(username ?? '')} from ${programOf(name)}`;
  return username === tokenUser
    ? { identityToken: secret, source: `a token from ${programOf(name)}` }
    : { username, password: secret, source };
}

/** Fails with CREDENTIALS_INVALID or TOOL_MISSING. */
export async function helperStore(
  name: string,
  server: string,
  login: { readonly username: string; readonly secret: string },
  system: SystemContext,
): Promise<void> {
  const input = JSON.stringify({ ServerURL: server, Username: login.username, Secret: login.secret });
  const result = await runHelper(name, 'store', input, system);
  if (result.exitCode !== 0) throw helperFailed(name, 'store', result, login.secret);
}

/** Returns whether there was a credential to erase. */
export async function helperErase(name: string, server: string, system: SystemContext): Promise<boolean> {
  const result = await runHelper(name, 'erase', server, system);
  if (result.exitCode === 0) return true;
  if (nothingStored.test(result.stdout + result.stderr)) return false;
  throw helperFailed(name, 'erase', result);
}

/** Returns the name of a helper's program on PATH. */
export function programOf(name: string): string {
  return `docker-credential-${name}`;
}

async function runHelper(
  name: string,
  verb: string,
  input: string,
  system: SystemContext,
  timeoutMs = helperTimeoutMs,
): Promise<ExecResult> {
  if (!/^[\w.-]+$/.test(name)) {
    throw new WasmeError(
      'CREDENTIALS_INVALID',
      `${JSON.stringify(printable(name, 100))} is not the name of a credential helper`,
      {
        hint: 'credsStore and credHelpers take the part after docker-credential-',
      },
    );
  }
  const result = await exec({ program: programOf(name), args: [verb] }, system, { input, timeoutMs }).catch(
    (error: unknown) => {
      if (!(error instanceof WasmeError) || error.code !== 'TOOL_MISSING') throw error;
      throw new WasmeError('TOOL_MISSING', error.message, {
        hint: `install ${programOf(name)}, or take ${JSON.stringify(name)} out of credsStore and credHelpers in docker's config.json`,
        cause: error,
      });
    },
  );
  if (result.timedOut) {
    throw new WasmeError(
      'CREDENTIALS_INVALID',
      `${programOf(name)} ${verb} did not answer within ${timeoutMs / 1000} s`,
      {
        hint: 'unlock its keychain, or remove it from the docker configuration',
      },
    );
  }
  return result;
}

function helperFailed(name: string, verb: string, result: ExecResult, secret = ''): WasmeError {
  // Helpers print their complaint on stdout. For `get` that could be half a secret, if one failed after printing it.
  const words = result.stderr || (result.stdout.trimStart().startsWith('{') ? '' : result.stdout);
  const said = printable(withoutSecrets(words, [secret, JSON.stringify(secret).slice(1, -1)]), 300);
  return new WasmeError(
    'CREDENTIALS_INVALID',
    `${programOf(name)} ${verb} failed (exit ${result.exitCode})${said === '' ? '' : `: ${said}`}`,
    {
      hint: `run "${programOf(name)} list" to see whether it works at all`,
    },
  );
}

function parseAnswer(name: string, stdout: string): { Username?: string; Secret?: string } {
  const answer = parseObject(stdout);
  if (answer === undefined) {
    throw new WasmeError('CREDENTIALS_INVALID', `${programOf(name)} get printed something that is not JSON`);
  }
  const { Username, Secret } = answer;
  if (
    ![Username, Secret].every(value => value === undefined || value === null || typeof value === 'string')
  ) {
    throw new WasmeError('CREDENTIALS_INVALID', `${programOf(name)} get printed a login that is not text`);
  }
  return {
    ...(typeof Username === 'string' ? { Username } : {}),
    ...(typeof Secret === 'string' ? { Secret } : {}),
  };
}
