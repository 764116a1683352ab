/** Names → addresses as Envoy's resolver gives them: of version 6 where there are any, else of version 4. */
import type { RecordWithTtl } from 'node:dns';
import { lookup, Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';

interface ResolvedAddress {
  readonly address: string;
  readonly ttlSeconds: number;
}

/** Whether a name server could be asked for it. */
export function isHostName(name: string): boolean {
  return /^[\w.*-]*$/.test(name) || isIP(name) !== 0;
}

/** What nobody has to be asked for: empty when there is no such name, undefined when somebody has to. */
export function knownAddresses(name: string): readonly ResolvedAddress[] | undefined {
  if (isIP(name) !== 0) return [{ address: name, ttlSeconds: 0 }];
  const lower = name.toLowerCase();
  if (lower === 'localhost' || lower.endsWith('.localhost')) return [{ address: '::1', ttlSeconds: 0 }];
  return lower === 'onion' || lower.endsWith('.onion') ? [] : undefined;
}

/** Asks name servers, which tell how long it holds, then the system. Empty when nobody knows. */
export async function lookUpAddresses(
  name: string,
  servers = new Resolver(),
): Promise<readonly ResolvedAddress[]> {
  for (const ask of ['resolve6', 'resolve4'] as const) {
    const records: RecordWithTtl[] = await servers[ask](name, { ttl: true }).catch(() => []);
    if (records.length > 0) return records.map(({ address, ttl }) => ({ address, ttlSeconds: ttl }));
  }
  const all = await lookup(name, { all: true }).catch(() => []);
  const newer = all.filter(({ family }) => family === 6);
  return (newer.length > 0 ? newer : all).map(({ address }) => ({ address, ttlSeconds: 0 }));
}
