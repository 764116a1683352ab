/**
 * A TLS certificate made on the spot for local use: P-256, self-signed, for localhost and the loopback addresses. Its DER
 * is written here by hand; the pieces are few and a library for them is megabytes.
 */
import { type KeyObject, createSign, generateKeyPairSync, randomBytes } from 'node:crypto';
import { isIPv4 } from 'node:net';

export interface Certificate {
  /** PEM. */
  readonly key: string;
  readonly cert: string;
}

const day = 24 * 60 * 60 * 1000;
/** Clients refuse server certificates that are valid for longer than this. */
const validDays = 397;

const oid = {
  ecdsaWithSha256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
  commonName: [0x55, 0x04, 0x03],
  subjectKeyId: [0x55, 0x1d, 0x0e],
  keyUsage: [0x55, 0x1d, 0x0f],
  subjectAltName: [0x55, 0x1d, 0x11],
  basicConstraints: [0x55, 0x1d, 0x13],
  extendedKeyUsage: [0x55, 0x1d, 0x25],
  serverAuth: [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01],
} as const;

/** Makes a key and a certificate for these names and addresses, valid from a day before `now` (ms since the epoch). */
export function makeCertificate(names: readonly string[], now: number): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const body = toBeSigned(publicKey, names, now);
  const signature = createSign('sha256').update(body).sign(privateKey);
  const certificate = sequence(body, sequence(objectId(oid.ecdsaWithSha256)), bitString(signature));
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: pem(certificate),
  };
}

function toBeSigned(publicKey: KeyObject, names: readonly string[], now: number): Buffer {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40; // positive, and never with a leading zero
  const name = sequence(
    set(sequence(objectId(oid.commonName), tagged(0x0c, Buffer.from('wasme local proxy')))),
  );
  return sequence(
    tagged(0xa0, integer(Buffer.from([2]))), // version 3
    integer(serial),
    sequence(objectId(oid.ecdsaWithSha256)),
    name,
    sequence(time(now - day), time(now + (validDays - 1) * day)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensions(names))),
  );
}

function extensions(names: readonly string[]): Buffer[] {
  const alternatives = names.map(name => {
    const address = addressBytes(name);
    return address === undefined ? tagged(0x82, Buffer.from(name, 'latin1')) : tagged(0x87, address);
  });
  return [
    // Its own authority, so that a client can be configured to trust just this one.
    extension(oid.basicConstraints, true, sequence(tagged(0x01, Buffer.from([0xff])))),
    // digitalSignature and keyCertSign
    extension(oid.keyUsage, true, tagged(0x03, Buffer.from([2, 0x84]))),
    extension(oid.extendedKeyUsage, false, sequence(objectId(oid.serverAuth))),
    extension(oid.subjectKeyId, false, tagged(0x04, randomBytes(20))),
    extension(oid.subjectAltName, false, sequence(...alternatives)),
  ];
}

function extension(id: readonly number[], critical: boolean, value: Buffer): Buffer {
  const flag = critical ? [tagged(0x01, Buffer.from([0xff]))] : [];
  return sequence(objectId(id), ...flag, tagged(0x04, value));
}

function addressBytes(name: string): Buffer | undefined {
  if (isIPv4(name)) return Buffer.from(name.split('.').map(Number));
  return name === '::1' ? Buffer.concat([Buffer.alloc(15), Buffer.from([1])]) : undefined;
}

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function set(...parts: readonly Buffer[]): Buffer {
  return tagged(0x31, Buffer.concat(parts));
}

function integer(value: Buffer): Buffer {
  return tagged(0x02, value);
}

function objectId(id: readonly number[]): Buffer {
  return tagged(0x06, Buffer.from(id));
}

function bitString(value: Buffer): Buffer {
  return tagged(0x03, Buffer.concat([Buffer.from([0]), value]));
}

/** UTCTime, which holds until 2049. */
function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replace(/[-:T]/g, '').slice(2, 14);
  return tagged(0x17, Buffer.from(`${text}Z`));
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
