/** Debian's docker-registry for tests: anonymous, with a password file, with tokens, with TLS; stopped with the test. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { type TokenServer, startTokenServer } from './token-server.ts';
import { tool } from '../tools.ts';

export interface RealRegistry {
  /** `127.0.0.1:port`, or `localhost:port` with TLS: what stands in front of a reference. */
  readonly host: string;
  readonly url: string;
  /** PEM file of the certificate that signed it (TLS only). */
  readonly caFile: string | undefined;
  readonly tokens: TokenServer | undefined;
  /** Folder of its data: to damage it. */
  readonly dataDir: string;
  stop(): Promise<void>;
}

export interface RealRegistryOptions {
  readonly auth?: 'none' | 'basic' | 'token';
  readonly tls?: boolean;
  /** PEM file of who signs the client certificates that it takes; it wants one then (TLS only). */
  readonly clientCaFile?: string;
  /** Do not stop it with the test that started it (for beforeAll). */
  readonly keep?: boolean;
}

/** Whom the registries with a login know. */
export const account = { username: 'me', password: 's3cret:with colon' };
/** bcrypt of the password. */
const htpasswd = 'me:$2y$05$N4tg8Mo8.dIWOZD3u7NUS.MFwfua1SXcSghVz8rbz9rVhpdPVsbEG\n';

export async function realRegistry(options: RealRegistryOptions = {}): Promise<RealRegistry> {
  const dir = mkdtempSync(join(tmpdir(), 'wasme-registry-'));
  const certificate = options.tls || options.auth === 'token' ? makeCertificate(dir) : undefined;
  const tokens = options.auth === 'token' && certificate ? await startTokenServer(certificate) : undefined;
  const config = {
    version: 0.1,
    log: { level: 'info', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(dir, 'data') }, delete: { enabled: true } },
    http: {
      addr: '127.0.0.1:0',
      ...(options.tls && certificate
        ? {
            tls: {
              certificate: certificate.cert,
              key: certificate.key,
              ...(options.clientCaFile === undefined ? {} : { clientcas: [options.clientCaFile] }),
            },
          }
        : {}),
    },
    ...(options.auth === 'basic'
      ? { auth: { htpasswd: { realm: 'test', path: join(dir, 'htpasswd') } } }
      : {}),
    ...(tokens && certificate
      ? {
          auth: {
            token: { realm: tokens.realm, service: 'test', issuer: 'test', rootcertbundle: certificate.cert },
          },
        }
      : {}),
  };
  writeFileSync(join(dir, 'htpasswd'), htpasswd);
  // YAML takes JSON.
  writeFileSync(join(dir, 'config.yml'), JSON.stringify(config));
  const child = spawn(tool('docker-registry'), ['serve', join(dir, 'config.yml')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const port = await listeningPort(child);
  const stop = async (): Promise<void> => {
    await tokens?.stop();
    if (child.exitCode === null) {
      const ended = new Promise(resolve => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(dir, { recursive: true, force: true });
  };
  if (!options.keep) onTestFinished(stop);
  const host = `${options.tls ? 'localhost' : '127.0.0.1'}:${port}`;
  return {
    host,
    url: `${options.tls ? 'https' : 'http'}://${host}`,
    caFile: options.tls ? certificate?.cert : undefined,
    tokens,
    dataDir: join(dir, 'data'),
    stop,
  };
}

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Signed by itself: for `localhost`, 127.0.0.1 and names that only a proxy knows. */
export function makeCertificate(dir: string, name = 'tls'): Certificate {
  const [cert, key] = [join(dir, `${name}.crt`), join(dir, `${name}.key`)];
  execFileSync(
    tool('openssl'),
    [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=test'],
      ...[
        '-addext',
        'subjectAltName=DNS:localhost,DNS:registry.test,IP:127.0.0.1',
        '-keyout',
        key,
        '-out',
        cert,
      ],
    ],
    { stdio: 'ignore' },
  );
  return { cert, key };
}

async function listeningPort(child: ChildProcess): Promise<number> {
  const lines: string[] = [];
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', code => reject(new Error(`docker-registry ended with ${code}: ${lines.join('\n')}`)));
    createInterface({ input: child.stderr! }).on('line', line => {
      lines.push(line);
      const port = /listening on [^"]*:(\d+)/.exec(line)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
  });
}

/** Go's small registry in memory, which has the referrers API; for one test. Gives its host. */
export async function referrersRegistry(): Promise<string> {
  const child = spawn(tool('referrers-registry'), { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill());
  for await (const line of createInterface({ input: child.stdout })) return `localhost:${line}`;
  throw new Error('it ended');
}
