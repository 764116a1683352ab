/** The connection manager's last change to a response, for HTTP/1 and HTTP/2 alike. */
import type { HeaderEntry, HeaderMap } from '../host/http/header-map.ts';

/**
 * Removes hop-by-hop headers from a response that leaves the last filter and sets `date` and `server`. Changes the map
 * itself, because access logs show it so.
 */
export function finishResponseHeaders(headers: HeaderMap, close: boolean): void {
  const kept: HeaderEntry[] = [];
  let hasDate = false;
  let hasServer = false;
  for (const entry of headers.entries) {
    switch (entry[0]) {
      case 'connection':
      case 'transfer-encoding':
      case 'proxy-connection':
      case 'keep-alive':
      case 'upgrade':
        continue;
      case 'server':
        if (!hasServer) kept.push(['server', 'envoy']);
        hasServer = true;
        continue;
      case 'date':
        hasDate = true;
    }
    kept.push(entry);
  }
  if (!hasDate) kept.push(['date', httpDate()]);
  if (!hasServer) kept.push(['server', 'envoy']);
  if (close) kept.push(['connection', 'close']);
  headers.entries = kept;
}

let dateSecond = 0;
let dateText = '';

/** Returns the current time in HTTP's format; formats it once a second. */
function httpDate(): string {
  const now = Date.now();
  const second = Math.floor(now / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(now).toUTCString();
  }
  return dateText;
}
