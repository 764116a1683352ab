/** Sends requests to one registry: its address, the credentials, and the answer to a 401. Credentials stay with their origin. */
import { type WasmeError, withoutSecrets } from '../../errors.ts';
import type { SystemContext } from '../../io/system-context.ts';
import { isLoopback } from '../../io/http/http-proxy.ts';
import { HttpClient, type HttpRequest, type HttpResponse, retryAfterMs } from '../../io/http/http.ts';
import { printable } from '../../io/printable.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import { type Credential, secretsOf, tokenUser } from '../auth/credential.ts';
import { findCredential } from '../auth/credentials.ts';
import { registryError } from './errors.ts';
import { RegistryReach } from './registry-reach.ts';
import { type Token, basic, requestToken } from './token.ts';

/** Options to reach registries and to log in: the flags that push, pull, login and other verbs share. */
export interface RegistryOptions {
  /** Default: plain HTTP for this machine unless TLS files are named, HTTPS for all others. */
  readonly plainHttp?: boolean | undefined;
  readonly insecure?: boolean | undefined;
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** Instead of stored credentials. */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly identityToken?: string | undefined;
  /** Another file than docker's config.json. */
  readonly registryConfig?: string | undefined;
  /** First pause before a retry, in milliseconds; tests shorten it. */
  readonly retryDelayMs?: number | undefined;
}

export interface SessionRequest extends Omit<HttpRequest, 'url'> {
  /** Path (with its query) below the registry, or a whole URL that the registry gave. */
  readonly path: string | URL;
  /**
   * Actions on repositories that the request needs: `repository:team/filter:pull`.
   * https://distribution.github.io/distribution/spec/auth/scope/
   */
  readonly scopes: readonly string[];
  /** For the error message, after "cannot": `push to registry.example/team/filter`. */
  readonly action: string;
}

export class RegistrySession {
  readonly host: string;
  readonly base: URL;
  readonly #system: SystemContext;
  readonly #options: RegistryOptions;
  readonly #http: HttpClient;
  readonly #reach: RegistryReach;
  /** Podman's files distinguish repositories, so each is looked up once. */
  readonly #credentials = new Map<string, Promise<Credential | undefined>>();
  readonly #tokens = new Map<string, Promise<Token>>();
  readonly #warned = new Set<string>();
  /** Every secret that was sent, for redaction. */
  readonly #secrets = new Set<string>();
  /** The form of the last successful answer to a 401, used for the next request before the registry asks. */
  #challenge: Challenge | undefined;

  /** @param host as in a reference: `docker.io`, `localhost:5000`. */
  constructor(host: string, system: SystemContext, options: RegistryOptions = {}) {
    this.host = host;
    this.#system = system;
    this.#options = options;
    const apiHost = host === 'docker.io' ? 'registry-1.docker.io' : host;
    const { hostname } = new URL(`http://${apiHost}`);
    const wantsTls = Boolean(options.insecure || options.caFile || options.certFile);
    const plain = options.plainHttp ?? (isLoopback(hostname) && !wantsTls);
    this.base = new URL(`${plain ? 'http' : 'https'}://${apiHost}/`);
    this.#reach = new RegistryReach(this.base);
    this.#http = new HttpClient(system, {
      lookup: this.#reach.lookup,
      caFile: options.caFile,
      certFile: options.certFile,
      keyFile: options.keyFile,
      insecure: options.insecure,
      ...(options.retryDelayMs === undefined ? {} : { retryDelayMs: options.retryDelayMs }),
    });
    if (options.insecure && this.base.protocol === 'https:') {
      system.reporter.warn(`the certificate of ${host} is not checked (--insecure)`);
    }
  }

  /** Returns whether the registry asked for credentials and accepted them. */
  get isLoggedIn(): boolean {
    return this.#challenge !== undefined;
  }

  /**
   * Returns the response, whatever its status, except 401, which is answered with credentials and fails with
   * REGISTRY_UNAUTHORIZED when the registry refuses them. Also fails as HttpClient.send does.
   */
  async send(request: SessionRequest): Promise<HttpResponse> {
    const url = new URL(request.path, this.base);
    let sent = await this.#knownAuthorization(request);
    let response = await this.#sendOnce(request, url, sent);
    // A second 401 may ask for a wider scope; a third one is a refusal.
    for (
      let round = 0;
      round < 2 && response.status === 401 && response.url.origin === this.base.origin;
      round++
    ) {
      const challenges = parseChallenges(response.headers('www-authenticate'));
      const widened = challenges.some(({ parameters }) => parameters['error'] === 'insufficient_scope');
      if (round === 1 && !widened) break;
      const authorization = await this.#answer(challenges, request, sent);
      if (authorization === undefined) break;
      await response.discard();
      sent = authorization;
      response = await this.#sendOnce(request, url, sent);
    }
    if (response.status === 401) throw await this.failure(response, request);
    return response;
  }

  /** Makes the error for a response that has another status than expected. */
  async failure(
    response: HttpResponse,
    request: Pick<SessionRequest, 'action' | 'scopes'>,
  ): Promise<WasmeError> {
    const credential = await this.#credentialFor(request.scopes);
    return registryError(response, {
      host: this.host,
      action: request.action,
      credentials: credential?.source,
      secrets: this.#secrets,
      nowMs: this.#system.now(),
    });
  }

  /** Waits before the next try of something that `send` cannot repeat by itself. */
  async backOff(attempt: number, why: string, response?: HttpResponse): Promise<void> {
    await this.#http.backOff(attempt, why, response && this.askedDelayMs(response));
  }

  /** Returns how long the registry asks to wait, or undefined. */
  askedDelayMs(response: HttpResponse): number | undefined {
    return retryAfterMs(response.header('retry-after'), this.#system.now());
  }

  async close(): Promise<void> {
    await this.#http.close();
  }

  async #sendOnce(
    request: SessionRequest,
    url: URL,
    authorization: string | undefined,
  ): Promise<HttpResponse> {
    const own = url.origin === this.base.origin && authorization !== undefined;
    if (own) this.#secrets.add(authorization.replace(/^\w+ /, ''));
    const response = await this.#http.send({
      ...request,
      url,
      checkUrl: this.#reach.checkUrl,
      headers: { ...request.headers, ...(own ? { authorization } : {}) },
    });
    for (const line of response.headers('warning')) this.#warnOnce(line);
    return response;
  }

  /** Returns what the last challenge asked for, while it is still valid. */
  async #knownAuthorization(request: SessionRequest): Promise<string | undefined> {
    if (this.#challenge === undefined) {
      const credential = await this.#credentialFor(request.scopes);
      return credential?.registryToken === undefined ? undefined : `Bearer ${credential.registryToken}`;
    }
    return this.#authorization(this.#challenge, request);
  }

  async #answer(
    challenges: readonly Challenge[],
    request: SessionRequest,
    rejected: string | undefined,
  ): Promise<string | undefined> {
    await this.#forget(rejected);
    for (const scheme of ['bearer', 'basic']) {
      const challenge = challenges.find(candidate => candidate.scheme === scheme);
      if (challenge === undefined) continue;
      const authorization = await this.#authorization(challenge, request, challenge.parameters['scope']);
      if (authorization === undefined) continue;
      this.#challenge = challenge;
      return authorization;
    }
    return undefined;
  }

  /** Drops a token that was refused; a newer one that a parallel request got stays. */
  async #forget(rejected: string | undefined): Promise<void> {
    for (const [key, token] of this.#tokens) {
      const value = await token.then(
        ({ value }) => `Bearer ${value}`,
        () => rejected,
      );
      if (value === rejected) this.#tokens.delete(key);
    }
  }

  async #authorization(
    challenge: Challenge,
    request: SessionRequest,
    askedScope?: string,
  ): Promise<string | undefined> {
    const credential = await this.#credentialFor(request.scopes);
    for (const secret of secretsOf(credential)) this.#secrets.add(secret);
    if (challenge.scheme === 'basic') {
      const secret = credential?.password ?? credential?.identityToken;
      return secret === undefined ? undefined : basic(credential?.username ?? tokenUser, secret);
    }
    const scopes = mergeScopes([...request.scopes, ...(askedScope?.split(' ') ?? [])]);
    const keys = [tokenKey(scopes), tokenKey(mergeScopes(request.scopes))];
    return `Bearer ${(await this.#token(keys, { challenge, scopes, credential })).value}`;
  }

  /** Requests one token per scope at a time, however many uploads wait for it. */
  async #token(
    [key = '', alias = key]: readonly string[],
    wanted: { challenge: Challenge; scopes: readonly string[]; credential: Credential | undefined },
  ): Promise<Token> {
    const now = this.#system.now();
    const pending = this.#tokens.get(key);
    if (pending !== undefined && (await pending).expiresAtMs > now) return pending;
    const { base: registry } = this;
    const asked = requestToken({ http: this.#http, registry, reach: this.#reach, nowMs: now, ...wanted });
    for (const name of [key, alias]) this.#tokens.set(name, asked);
    asked.catch(() => {
      this.#tokens.delete(key);
      this.#tokens.delete(alias);
    });
    return asked;
  }

  #credentialFor(scopes: readonly string[]): Promise<Credential | undefined> {
    const { username, password, identityToken, registryConfig } = this.#options;
    if (password !== undefined || identityToken !== undefined) {
      const who = username === undefined ? 'the token' : `user ${JSON.stringify(username)}`;
      return Promise.resolve({ username, password, identityToken, source: `${who} from the command line` });
    }
    const repository = scopes[0]?.split(':')[1] ?? '';
    const found =
      this.#credentials.get(repository) ??
      findCredential(this.host, repository, this.#system, registryConfig);
    this.#credentials.set(repository, found);
    return found;
  }

  #warnOnce(line: string): void {
    const text = /^299 \S+ "((?:[^"\\]|\\.)*)"/.exec(line.slice(0, 4096))?.[1];
    if (text === undefined || this.#warned.has(text)) return;
    this.#warned.add(text);
    this.#system.reporter.warn(
      `${this.host} says: ${withoutSecrets(printable(text.replace(/\\(.)/g, '$1')), this.#secrets)}`,
    );
  }
}

/** Joins `repository:a:pull` and `repository:a:push` to `repository:a:pull,push`; sorted, each once. */
function mergeScopes(scopes: readonly string[]): string[] {
  const byResource = new Map<string, Set<string>>();
  for (const scope of scopes) {
    const colon = scope.lastIndexOf(':');
    if (colon < 1) continue;
    const actions = byResource.get(scope.slice(0, colon)) ?? new Set();
    for (const action of scope.slice(colon + 1).split(',')) actions.add(action);
    byResource.set(scope.slice(0, colon), actions);
  }
  return [...byResource].map(([resource, actions]) => `${resource}:${[...actions].sort().join(',')}`).sort();
}

function tokenKey(scopes: readonly string[]): string {
  return scopes.join(' ');
}
