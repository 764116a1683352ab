// SHA-256 (FIPS 180-4) and HMAC with it (RFC 2104), on bytes.

const blockSize: i32 = 64;

/** Bytes of a digest. */
const digestSize: i32 = 32;

// prettier-ignore
const roundConstants: StaticArray<u32> = [
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
];

export function sha256(message: Uint8Array): Uint8Array {
  // prettier-ignore
  const state: StaticArray<u32> = [
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
  ];
  const padded = pad(message);
  const schedule = new StaticArray<u32>(64);
  for (let at = 0; at < padded.length; at += blockSize) {
    digestBlock(state, schedule, padded.dataStart + at);
  }
  const digest = new Uint8Array(digestSize);
  for (let i = 0; i < 8; i++) {
    store<u32>(digest.dataStart + i * 4, bswap<u32>(state[i]));
  }
  return digest;
}

export function hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array {
  const short = key.length > blockSize ? sha256(key) : key;
  const inner = new Uint8Array(blockSize + message.length);
  const outer = new Uint8Array(blockSize + digestSize);
  inner.fill(0x36, 0, blockSize);
  outer.fill(0x5c, 0, blockSize);
  for (let i = 0; i < short.length; i++) {
    inner[i] = inner[i] ^ short[i];
    outer[i] = outer[i] ^ short[i];
  }
  inner.set(message, blockSize);
  outer.set(sha256(inner), blockSize);
  return sha256(outer);
}

/** Compares in a time that does not tell where the difference is. */
export function sameBytes(one: Uint8Array, other: Uint8Array): bool {
  if (one.length != other.length) return false;
  let difference: u32 = 0;
  for (let i = 0; i < one.length; i++) difference |= one[i] ^ other[i];
  return difference == 0;
}

/** A set bit, zeros up to a whole block, and the length in bits in its last eight bytes. */
function pad(message: Uint8Array): Uint8Array {
  const blocks = (message.length + 8) / blockSize + 1;
  const padded = new Uint8Array(blocks * blockSize);
  padded.set(message);
  padded[message.length] = 0x80;
  const end = padded.dataStart + padded.length;
  store<u64>(end - 8, bswap<u64>(<u64>message.length * 8));
  return padded;
}

function digestBlock(
  state: StaticArray<u32>,
  schedule: StaticArray<u32>,
  block: usize,
): void {
  for (let i = 0; i < 16; i++) {
    schedule[i] = bswap<u32>(load<u32>(block + i * 4));
  }
  for (let i = 16; i < 64; i++) {
    const early = schedule[i - 15];
    const late = schedule[i - 2];
    const mix0 = rotr<u32>(early, 7) ^ rotr<u32>(early, 18) ^ (early >> 3);
    const mix1 = rotr<u32>(late, 17) ^ rotr<u32>(late, 19) ^ (late >> 10);
    schedule[i] = schedule[i - 16] + mix0 + schedule[i - 7] + mix1;
  }
  let a = state[0];
  let b = state[1];
  let c = state[2];
  let d = state[3];
  let e = state[4];
  let f = state[5];
  let g = state[6];
  let h = state[7];
  for (let i = 0; i < 64; i++) {
    const mixE = rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25);
    const choice = (e & f) ^ (~e & g);
    const first = h + mixE + choice + roundConstants[i] + schedule[i];
    const mixA = rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    h = g;
    g = f;
    f = e;
    e = d + first;
    d = c;
    c = b;
    b = a;
    a = first + mixA + majority;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
  state[5] += f;
  state[6] += g;
  state[7] += h;
}
