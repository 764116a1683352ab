/** Taking a port, and what to do when it cannot be had. */
import type { AddressInfo, Server } from 'node:net';
import { WasmeError } from '../errors.ts';
import { isSystemError } from './files.ts';

/**
 * Binds a server and gives its port; `flag` is the one that names another. Fails with PORT_IN_USE, or PORT_REFUSED where
 * the system does not allow it.
 */
export async function listen(server: Server, host: string, port: number, flag = '--port'): Promise<number> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    throw listenError(error, host, port, flag);
  }
  return (server.address() as AddressInfo).port;
}

function listenError(error: unknown, host: string, port: number, flag: string): unknown {
  if (!isSystemError(error)) return error;
  if (error.code === 'EADDRINUSE') {
    return new WasmeError('PORT_IN_USE', `port ${port} on ${host} is already taken`, {
      hint: `stop what listens there, or name another port with ${flag} (0 takes any free one)`,
      cause: error,
      details: { host, port },
    });
  }
  return new WasmeError('PORT_REFUSED', `cannot listen on ${host}:${port}: ${error.code ?? error.message}`, {
    hint:
      error.code === 'EACCES' && port < 1024
        ? 'ports below 1024 need privileges; name a higher one'
        : 'name an address of this machine, or leave the host out',
    cause: error,
    details: { host, port },
  });
}
