/** Defines a login for a registry, whichever file or program it came from. */

export interface Credential {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** OAuth2 refresh token. */
  readonly identityToken?: string | undefined;
  /** A bearer token, sent as it is. */
  readonly registryToken?: string | undefined;
  /** User and place, for messages: `user "me" from /home/me/.docker/config.json`. Never the secret. */
  readonly source: string;
}

/** The user name under which docker's files and helpers keep a token that belongs to no named user. */
export const tokenUser = '<token>';

/** Encodes the part of an Authorization header after the word Basic, which docker also keeps as "auth". */
export function basicCredentials(username: string, secret: string): string {
  return Buffer.from(`${username}:${secret}`).toString('base64');
}

/** Returns every form in which a server may repeat the secrets, for redaction. */
export function secretsOf(credential: Credential | undefined): string[] {
  const { username = tokenUser, password, identityToken, registryToken } = credential ?? {};
  const basic = [password, identityToken].map(secret => secret && basicCredentials(username, secret));
  return [password, identityToken, registryToken, ...basic].filter(secret => secret !== undefined);
}
