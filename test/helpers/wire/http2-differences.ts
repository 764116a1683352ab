/** Lists cases in which node:http2, which parses HTTP/2 for the proxy, prevents the behaviour of Envoy's codec; docs/run.md documents them. */
import type { Http2Outcome } from './http2-cases.ts';

/** nghttp2 silently drops such a field and keeps the request without it. Envoy closes the connection. */
const dropped = new Set([
  ...['a line feed', 'a carriage return', 'NUL', 'a control character', 'DEL'].map(
    what => `a field value with ${what}`,
  ),
  ...['with a space', 'with a colon', 'with a line feed', 'with a byte above ASCII', 'that is empty'].map(
    what => `a field name ${what}`,
  ),
  'trailers with a line feed',
]);

/** The data waits for the end of the turn, and by then the stream has been reset: the upstream is not asked. */
const notAsked = new Set([
  'a body shorter than its length',
  'trailers with a pseudo header',
  'trailers that do not end the stream',
]);

const own: Readonly<Record<string, Http2Outcome>> = {
  'a bad field beside a good request': { client: ['200', '200', 'end', 'end'], requests: 2 },
  'a stream of an even number': { client: ['goaway 2', 'closed'], requests: 0 },
  // nghttp2 has ended the session, and node:http2 leaves the socket to the client.
  'a field of 70,000 bytes': { client: ['goaway 9', 'silence'], requests: 0 },
  'data on a stream that is not open': { client: ['goaway 1', 'silence'], requests: 0 },
};

/** Returns the outcome that the proxy has for this recorded outcome of Envoy: where Envoy closes the connection, it resets the stream. */
export function expectedOf(name: string, recorded: Http2Outcome | undefined): Http2Outcome | undefined {
  if (recorded === undefined || own[name] !== undefined) return own[name];
  if (dropped.has(name)) return { client: ['200', 'end'], requests: 1 };
  return {
    client: recorded.client.map(event => (event === 'closed' ? 'reset 1' : event)),
    requests: notAsked.has(name) ? 0 : recorded.requests,
  };
}
