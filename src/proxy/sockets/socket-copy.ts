/**
 * Several workers, one listening socket: each has a copy of its descriptor and accepts for itself, as Envoy's workers do
 * without SO_REUSEPORT. Threads cannot pass sockets on, but processes can: a short-lived child sends the copy.
 */
import { fork } from 'node:child_process';
import { type AddressInfo, Server } from 'node:net';
import { WasmeError } from '../../errors.ts';
import { listen } from '../../io/http/listen.ts';
import { builtFile } from '../../io/files/paths.ts';

/** The descriptor of a listening socket, good in every thread of this process; undefined where there is none (Windows). */
export function descriptorOf(server: Server): number | undefined {
  const { _handle: handle } = server as Server & { readonly _handle?: { readonly fd?: unknown } | null };
  const fd = handle?.fd;
  return typeof fd === 'number' && fd >= 0 ? fd : undefined;
}

export interface BindOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Another worker's listening socket; it has to stay open until this is done. */
  readonly socket?: number | undefined;
}

/** Binds a server, or has it accept from another worker's socket; gives its port. Fails with PORT_IN_USE or PORT_REFUSED. */
export async function bind(server: Server, { host, port, socket }: BindOptions): Promise<number> {
  if (socket === undefined) return listen(server, host, port);
  await listenOnCopy(server, socket);
  return (server.address() as AddressInfo).port;
}

async function listenOnCopy(server: Server, fd: number): Promise<void> {
  const child = fork(builtFile('src/proxy/sockets/socket-copy-child'), {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc', fd],
    execArgv: [],
  });
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('message', (_, received) => {
        if (!(received instanceof Server)) return;
        // At once: until then accepted connections would go to a server without a handler.
        server.listen(received);
        resolve();
      });
      child.once('error', reject);
      child.once('exit', code => reject(new Error(`it ended with ${code ?? 'a signal'}`)));
    });
  } catch (error) {
    throw new WasmeError('INTERNAL', 'a worker did not get its copy of the listening socket', {
      cause: error,
    });
  }
}
