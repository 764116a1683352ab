/** A module on the web, read once, as a proxy would read it: no redirects, nothing unpacked, and never without end. */
import { WasmeError } from '../../errors.ts';
import { maxModuleBytes } from '../files/file-limits.ts';
import type { SystemContext } from '../system-context.ts';
import type { TlsOptions } from './http-agent.ts';
import { HttpClient, showUrl } from './http.ts';

/**
 * The bytes behind an http or https URL; proxies, NO_PROXY and extra certificates count as for registries.
 * Fails with NETWORK: no answer, another status than 200, a redirect (the hint names where to), more than `maxModuleBytes`.
 */
export async function download(text: string, tls: TlsOptions, system: SystemContext): Promise<Uint8Array> {
  const url = new URL(text);
  const client = new HttpClient(system, tls);
  try {
    const response = await client.send({ method: 'GET', url, followRedirects: false });
    if (response.status !== 200) {
      const moved = response.header('location');
      throw new WasmeError('NETWORK', `${showUrl(url)} answered ${response.status}`, {
        hint:
          moved === undefined || !URL.canParse(moved, url.href)
            ? undefined
            : `proxies do not follow redirects; use ${showUrl(new URL(moved, url))}`,
      });
    }
    const bytes = await response.bytes(maxModuleBytes + 1);
    if (bytes.byteLength <= maxModuleBytes) return bytes;
    throw new WasmeError('NETWORK', `${showUrl(url)} is more than ${maxModuleBytes / 1024 / 1024} MiB`, {
      hint: 'no proxy would load that; is it really the module?',
    });
  } finally {
    await client.close();
  }
}
