/** A process of a few milliseconds: sends the listening socket it inherited back to the thread that started it. */
import { createServer } from 'node:net';

/** Descriptor at which `socket-copy` passes the socket. */
const descriptor = 4;

const server = createServer().listen({ fd: descriptor });
process.send?.('socket', server, {}, () => process.disconnect());
// Within the same turn of the event loop, so that no connection is accepted here.
server.close();
