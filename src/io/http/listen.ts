/** Taking a port, what to do when it cannot be had, and giving it back. */
import type { Server as HttpServer } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { WasmeError } from '../../errors.ts';
import { isSystemError } from '../files/file-errors.ts';

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

/** Stops a server of HTTP, whatever it is in the middle of. */
export function closeNow(server: HttpServer): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function listenError(error: unknown, host: string, port: number, flag: string): unknown {
  if (!isSystemError(error)) return error;
  if (error.code === 'EADDRINUSE') return portTaken(error, host, port, flag);
  return new WasmeError('PORT_REFUSED', `cannot listen on ${host}:${port}: ${error.code ?? error.message}`, {
    hint:
      error.code === 'EACCES' && port < 1024
        ? 'ports below 1024 need privileges; name a higher one'
        : 'name an address of this machine, or leave the host out',
    cause: error,
    details: { host, port },
  });
}

/** `flag` names another port. */
export function portTaken(cause: unknown, host: string, port: number, flag: string): WasmeError {
  return new WasmeError('PORT_IN_USE', `port ${port} on ${host} is already taken`, {
    hint: `stop what listens there, or name another port with ${flag} (0 takes any free one)`,
    cause,
    details: { host, port },
  });
}
