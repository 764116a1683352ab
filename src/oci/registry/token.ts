/** Requests bearer tokens from a registry's token service. https://distribution.github.io/distribution/spec/auth/token/ */
import { WasmeError } from '../../errors.ts';
import type { HttpClient, HttpResponse } from '../../io/http/http.ts';
import type { Challenge } from './challenge.ts';
import { type Credential, basicCredentials, secretsOf, tokenUser } from '../auth/credential.ts';
import { parseObject } from '../json-object.ts';
import { maxTokenBytes } from '../limits.ts';
import { registryError } from './errors.ts';
import type { RegistryReach } from './registry-reach.ts';

export interface Token {
  readonly value: string;
  /** Milliseconds since the epoch, slightly early because clocks differ. */
  readonly expiresAtMs: number;
}

export interface TokenRequest {
  readonly http: HttpClient;
  readonly registry: URL;
  readonly reach: RegistryReach;
  readonly challenge: Challenge;
  readonly scopes: readonly string[];
  readonly credential: Credential | undefined;
  readonly nowMs: number;
}

/** Lifetime of a token whose answer names none, as the specification sets it. */
const defaultLifeS = 60;
const skewMs = 10_000;

/**
 * Returns a token for the scopes. Uses the OAuth2 refresh flow for an identity token, else GET with Basic credentials or
 * none. Fails with REGISTRY_UNAUTHORIZED, REGISTRY_DENIED or REGISTRY_REFUSED.
 * https://distribution.github.io/distribution/spec/auth/oauth/
 */
export async function requestToken(request: TokenRequest): Promise<Token> {
  const realm = checkRealm(request);
  const { credential } = request;
  let response: HttpResponse | undefined;
  if (credential?.identityToken !== undefined) {
    response = await refreshGrant(realm, credential.identityToken, request);
    // Older services know only the GET form.
    if (response.status === 404 || response.status === 405) {
      await response.discard();
      response = undefined;
    }
  }
  response ??= await getGrant(realm, request);
  if (!response.ok) {
    throw await registryError(response, {
      host: request.registry.host,
      action: `get a token from ${realm.host}${request.scopes.length === 0 ? '' : ` for ${request.scopes.join(' ')}`}`,
      credentials: credential?.source,
      secrets: secretsOf(credential),
      nowMs: request.nowMs,
    });
  }
  return readToken(await response.bytes(maxTokenBytes), realm, request.nowMs);
}

async function refreshGrant(realm: URL, refreshToken: string, request: TokenRequest): Promise<HttpResponse> {
  const { service } = request.challenge.parameters;
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: 'wasme',
    ...(service === undefined ? {} : { service }),
    scope: request.scopes.join(' '),
    refresh_token: refreshToken,
  });
  return request.http.send({
    method: 'POST',
    url: realm,
    checkUrl: request.reach.checkRealm,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: form.toString(),
  });
}

async function getGrant(realm: URL, request: TokenRequest): Promise<HttpResponse> {
  const url = new URL(realm);
  const { service } = request.challenge.parameters;
  if (service !== undefined) url.searchParams.set('service', service);
  for (const scope of request.scopes) url.searchParams.append('scope', scope);
  const { username, password, identityToken } = request.credential ?? {};
  const secret = password ?? identityToken;
  if (username !== undefined) url.searchParams.set('account', username);
  return request.http.send({
    method: 'GET',
    url,
    checkUrl: request.reach.checkRealm,
    headers: secret === undefined ? {} : { authorization: basic(username ?? tokenUser, secret) },
  });
}

/** Returns `Basic …` for a user name and a secret. */
export function basic(username: string, password: string): string {
  return `Basic ${basicCredentials(username, password)}`;
}

/**
 * Checks the realm, which receives the credentials: it must be as safe as the registry, and must not be in a network that
 * only this machine reaches, where a hostile registry would otherwise make us send requests.
 */
function checkRealm({ challenge, registry, reach }: TokenRequest): URL {
  const { realm } = challenge.parameters;
  const refuse = (why: string, cause?: unknown): WasmeError =>
    new WasmeError(
      'REGISTRY_REFUSED',
      `${registry.host} names the token service ${JSON.stringify(realm?.slice(0, 200))}: ${why}`,
      {
        hint: 'credentials were not sent; the operator of the registry has to correct its realm',
        cause,
      },
    );
  if (realm === undefined) {
    throw new WasmeError('REGISTRY_REFUSED', `${registry.host} asks for a token but names no token service`, {
      hint: 'the operator of the registry has to put a realm into its WWW-Authenticate header',
    });
  }
  if (!URL.canParse(realm)) throw refuse('that is not an absolute URL');
  const url = new URL(realm);
  if (url.protocol !== 'https:' && (url.protocol !== 'http:' || registry.protocol !== 'http:')) {
    throw refuse('it must use https, as the registry does');
  }
  try {
    reach.checkRealm(url);
  } catch (error) {
    throw refuse('it is an internal address, and not the registry itself', error);
  }
  return url;
}

function readToken(body: Buffer, realm: URL, nowMs: number): Token {
  // The parser's error is dropped: its message quotes the text around the fault, which may be a token.
  const answer = parseObject(body.toString('utf8'));
  if (answer === undefined) {
    throw new WasmeError('REGISTRY_REFUSED', `${realm.host} answered with something that is not a token`);
  }
  const value = [answer['token'], answer['access_token']].find(
    text => typeof text === 'string' && text !== '',
  );
  // A line break would end the header; no token has one.
  if (typeof value !== 'string' || /[^\x21-\x7e]/.test(value)) {
    throw new WasmeError('REGISTRY_REFUSED', `${realm.host} answered without a usable token`);
  }
  const life =
    typeof answer['expires_in'] === 'number' && answer['expires_in'] > 0
      ? answer['expires_in']
      : defaultLifeS;
  return { value, expiresAtMs: nowMs + Math.max(life * 1000 - skewMs, (life * 1000) / 2) };
}
