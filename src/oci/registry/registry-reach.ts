/**
 * Decides which hosts a registry may send us to: token services, redirects, and the addresses of their names, so that a
 * hostile registry cannot make this machine request internal services.
 */
import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { WasmeError } from '../../errors.ts';
import { type AddressRange, bareHost, rangeOfAddress, rangeOfHost } from '../../io/http/address-range.ts';

/**
 * Decides for one registry: link-local and metadata addresses are always refused, this machine unless the registry runs on
 * it.
 */
export class RegistryReach {
  readonly #registry: URL;
  readonly #resolve: typeof systemLookup;
  /** True if the registry's own name resolved to this machine the last time. */
  #isLocal: boolean;

  /** @param resolve replaced in tests, because no test may look up a name that leads to such an address. */
  constructor(registry: URL, resolve = systemLookup) {
    this.#registry = registry;
    this.#resolve = resolve;
    this.#isLocal = rangeOfHost(registry.hostname) === 'loopback';
  }

  /** Throws REGISTRY_REFUSED for the URL of a request, redirect or upload that must not be contacted. */
  readonly checkUrl = (url: URL): void => {
    // The user may name any address on the command line.
    if (this.#isOwn(url.hostname)) return;
    const range = rangeOfHost(url.hostname);
    if (this.#forbids(range)) throw this.#refusal(url.host, range);
  };

  /** Like `checkUrl`, but also throws for private addresses, because a token service receives credentials. */
  readonly checkRealm = (url: URL): void => {
    this.checkUrl(url);
    if (this.#isOwn(url.hostname) || this.#isLocal || rangeOfHost(url.hostname) !== 'private') return;
    throw this.#refusal(url.host, 'private');
  };

  /** Resolves names for the sockets of `net` and `tls`, and fails before a connection to a refused address. */
  readonly lookup: LookupFunction = (hostname, options, done) => {
    this.#resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return done(error, '', 0);
      const refusal = this.#judge(hostname, addresses);
      if (refusal !== undefined) return done(refusal, '', 0);
      const [{ address, family } = { address: '', family: 0 }] = addresses;
      if (options.all) done(null, addresses);
      else done(null, address, family);
    });
  };

  #judge(hostname: string, addresses: readonly LookupAddress[]): WasmeError | undefined {
    const ranges = addresses.map(({ address }) => rangeOfAddress(address));
    const own = this.#isOwn(hostname);
    if (own) this.#isLocal = ranges.length > 0 && ranges.every(range => range === 'loopback');
    const at = ranges.findIndex(range => !(own && range === 'loopback') && this.#forbids(range));
    const range = ranges[at];
    return range === undefined
      ? undefined
      : this.#refusal(`${hostname} (${addresses[at]?.address ?? ''})`, range);
  }

  #isOwn(hostname: string): boolean {
    return bareHost(hostname) === bareHost(this.#registry.hostname);
  }

  #forbids(range: AddressRange): boolean {
    return range === 'link-local' || range === 'metadata' || (range === 'loopback' && !this.#isLocal);
  }

  #refusal(where: string, range: AddressRange): WasmeError {
    return new WasmeError(
      'REGISTRY_REFUSED',
      `${this.#registry.host} leads to ${where}, which is a ${range} address`,
      {
        hint: 'nothing was sent there; the operator of the registry has to correct its token service or its redirects',
      },
    );
  }
}
