/** Describes a socket to filters: its addresses, and why it failed. */
import type { Socket } from 'node:net';
import type { ConnectionInfo } from '../../host/types.ts';
import { hostAndPort } from '../../io/http/endpoint.ts';

/** Returns an error of a socket in the words of Envoy's transport failure reason. */
export function failureText(error: NodeJS.ErrnoException): string {
  if (error.code === 'ECONNREFUSED') return 'delayed connect error: Connection refused';
  return error.message;
}

/** Returns the addresses of a connected socket; `id` is the connection's number in this proxy. */
export function connectionInfo(socket: Socket, id: number): ConnectionInfo {
  return {
    id,
    localAddress: socketAddress(socket.localAddress, socket.localPort),
    remoteAddress: socketAddress(socket.remoteAddress, socket.remotePort),
  };
}

/** Returns `host:port`, or an empty text when the socket does not know them. */
export function socketAddress(host: string | undefined, port: number | undefined): string {
  return host === undefined || port === undefined ? '' : hostAndPort(host, port);
}
