/** Names → addresses as Envoy's resolver gives them: of version 6 where there are any, else of version 4. */
import type { RecordWithTtl } from 'node:dns';
import { lookup, Resolver } from 'node:dns/promises';

interface ResolvedAddress {
  readonly address: string;
  readonly ttlSeconds: number;
}

/** Asks name servers, whose answers have a lifetime, then the system. Returns an empty list when the name is unknown. */
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
