/** Servers that a filter's traffic ends at: one that says what arrived, one that a filter asks. */
import { type IncomingHttpHeaders, type Server, createServer } from 'node:http';
import { type AddressInfo, type Server as TcpServer, createServer as createTcpServer } from 'node:net';

export interface Backend {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** Answers 200 with the request's headers as JSON, and `x-powered-by: test`. */
export function mirror(): Promise<Backend> {
  return listen(
    createServer((request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'x-powered-by': 'test' });
      response.end(JSON.stringify(request.headers));
    }),
  );
}

/** Answers with the status that `?status=` of the header x-original-path names; default 200. */
export function checker(seen: IncomingHttpHeaders[] = []): Promise<Backend> {
  return listen(
    createServer((request, response) => {
      seen.push({ ...request.headers, ':path': request.url });
      const status = /status=(\d+)/.exec(String(request.headers['x-original-path']))?.[1] ?? '200';
      response.writeHead(Number(status)).end('checked');
    }),
  );
}

/** Knows who asks by the header authorization: nobody is refused with 401, `broken` breaks it, others get `x-user`. */
export function authorizer(): Promise<Backend> {
  return listen(
    createServer(({ headers }, response) => {
      const who = headers.authorization;
      if (who === undefined) response.writeHead(401, { 'www-authenticate': 'Basic' }).end('who are you?');
      else if (who === 'broken') response.writeHead(500).end();
      else {
        const what = `${String(headers['x-original-method'])} ${String(headers['x-original-path'])}`;
        response.writeHead(200, { 'x-user': `${who} of ${what}` }).end();
      }
    }),
  );
}

/** Answers `answer` to the first data of a connection and ends it. */
export function answerer(): Promise<Backend> {
  return listen(
    createTcpServer(socket =>
      socket.on('error', () => socket.destroy()).once('data', () => socket.end('answer')),
    ),
  );
}

async function listen(server: Server | TcpServer): Promise<Backend> {
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${'closeAllConnections' in server ? 'http' : 'tcp'}://127.0.0.1:${port}`,
    close: () =>
      new Promise(done => {
        if ('closeAllConnections' in server) server.closeAllConnections();
        server.close(() => done());
      }),
  };
}
