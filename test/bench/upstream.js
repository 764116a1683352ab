// The quickest upstream that Node can be: counts heads and writes a fixed answer. Only for GET without a body.
import { createServer } from 'node:net';

const body = 'hello from the upstream\n'.repeat(4);
const answer = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: ${body.length}\r\nx-powered-by: bench\r\n\r\n${body}`,
);

const server = createServer(socket => {
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  socket.on('data', data => {
    for (let at = data.indexOf('\r\n\r\n'); at >= 0; at = data.indexOf('\r\n\r\n', at + 4))
      socket.write(answer);
  });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
