// The yardstick: node:http in front, undici's dispatch behind, headers copied, nothing else.
import { createServer } from 'node:http';
import { Pool } from 'undici';

const pool = new Pool(`http://127.0.0.1:${process.argv[2]}`, { connections: 64, pipelining: 1 });
const ofTheHop = new Set(['connection', 'keep-alive', 'transfer-encoding', 'host']);

const server = createServer((request, response) => {
  const headers = [];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    if (!ofTheHop.has(request.rawHeaders[i].toLowerCase()))
      headers.push(request.rawHeaders[i], request.rawHeaders[i + 1]);
  }
  pool.dispatch(
    { path: request.url, method: request.method, headers, body: request.method === 'GET' ? null : request },
    {
      onRequestStart() {},
      onResponseStart(controller, status) {
        const list = [];
        const raw = controller.rawHeaders;
        for (let i = 0; i < raw.length; i += 2) {
          const name = raw[i].toString('latin1');
          if (!ofTheHop.has(name)) list.push(name, raw[i + 1].toString('latin1'));
        }
        response.writeHead(status, list);
      },
      onResponseData(_controller, data) {
        response.write(data);
      },
      onResponseEnd() {
        response.end();
      },
      onResponseError() {
        response.destroy();
      },
    },
  );
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
