// Checks a JSON Web Token that is signed with HS256.
import { Json, JsonReader, Kind } from "./json";
import { hmacSha256, sameBytes } from "./sha256";

/** The claims of a valid token, or why it is refused. */
export class Checked {
  problem: string = "";
  claims: Map<string, Json> = new Map();
}

/** Nothing in the token is read before its signature is checked. `now`: seconds since 1970. */
export function checkToken(
  token: string,
  secret: string,
  issuer: string,
  now: f64,
): Checked {
  const dot = token.lastIndexOf(".");
  const signed = token.substring(0, max(dot, 0));
  const middle = signed.indexOf(".");
  if (middle < 0) return refused("not a token");
  const signature = decodeBase64Url(token.substring(dot + 1));
  if (signature == null) return refused("not a token");
  if (!sameBytes(hmacSha256(utf8(secret), utf8(signed)), signature)) {
    return refused("wrong signature");
  }
  const header = decodePart(signed.substring(0, middle));
  if (header == null) return refused("not a token");
  if (textOf(header, "alg") != "HS256") return refused("wrong algorithm");
  const payload = decodePart(signed.substring(middle + 1));
  if (payload == null) return refused("not a token");
  const claims = payload.fields;
  // A time that is no number is refused too.
  if (claims.has("exp") && !(secondsOf(claims.get("exp")) > now)) {
    return refused("expired");
  }
  if (claims.has("nbf") && !(secondsOf(claims.get("nbf")) <= now)) {
    return refused("not yet valid");
  }
  if (issuer != "" && textOf(payload, "iss") != issuer) {
    return refused("wrong issuer");
  }
  const checked = new Checked();
  checked.claims = claims;
  return checked;
}

/**
 * A claim as a header's value: text as it is, anything else as JSON. Empty when it cannot be one: a line break in it would let
 * whoever chose the text add headers of their own.
 */
export function asHeader(claim: Json): string {
  const value = claim.kind == Kind.Text ? claim.text : claim.toString();
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code < 32 || code == 127) return "";
  }
  return value;
}

function refused(problem: string): Checked {
  const checked = new Checked();
  checked.problem = problem;
  return checked;
}

function utf8(text: string): Uint8Array {
  return Uint8Array.wrap(String.UTF8.encode(text));
}

/** A part of a token as the JSON object that it must be. */
function decodePart(part: string): Json | null {
  const bytes = decodeBase64Url(part);
  if (bytes == null) return null;
  const reader = new JsonReader(String.UTF8.decode(bytes.buffer));
  const value = reader.document();
  return reader.problem == "" && value.kind == Kind.Fields ? value : null;
}

function textOf(object: Json, name: string): string {
  if (!object.fields.has(name)) return "";
  const value = object.fields.get(name);
  return value.kind == Kind.Text ? value.text : "";
}

function secondsOf(value: Json): f64 {
  return value.kind == Kind.Number ? F64.parseFloat(value.text) : NaN;
}

/** Base64 with `-` and `_`, without padding (RFC 4648, section 5); null for anything else. */
function decodeBase64Url(text: string): Uint8Array | null {
  const bytes = new Uint8Array((text.length * 6) / 8);
  let bits: u32 = 0;
  let count = 0;
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const value = base64Value(text.charCodeAt(i));
    if (value < 0) return null;
    bits = (bits << 6) | value;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes[at++] = <u8>(bits >> count);
    }
  }
  // One character alone, or bits that belong to no byte.
  if (count == 6 || (bits & ((1 << count) - 1)) != 0) return null;
  return bytes;
}

function base64Value(code: i32): i32 {
  if (code >= 65 && code <= 90) return code - 65;
  if (code >= 97 && code <= 122) return code - 97 + 26;
  if (code >= 48 && code <= 57) return code - 48 + 52;
  return code == 45 ? 62 : code == 95 ? 63 : -1;
}
