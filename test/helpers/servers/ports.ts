/** Ports for programs that cannot be told to take a free one themselves. */
import { createServer } from 'node:net';

/** A port without a listener: below 1024, so that no test can get it, unlike a port that was just closed. */
export const refusedPort = 1;

/** Below what systems give to those who ask for any port: what is free here is not given away before it is used. */
const [lowest, highest] = [12_000, 32_000];
const workers = 2;
/** Test files that run side by side never try the same one. */
const own = Number(process.env['VITEST_POOL_ID'] ?? 0) % workers;

export async function freePort(): Promise<number> {
  for (;;) {
    const port = lowest + workers * Math.floor((Math.random() * (highest - lowest)) / workers) + own;
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer().once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
