/** Warns about code that the proxies of a control plane cannot fetch. */
import { isLoopback } from '../io/http/http-proxy.ts';
import type { IntentCode } from './intent.ts';

/** Returns a warning for code at `localhost`: for a proxy on another machine, that is the proxy's own machine. */
export function reachWarnings(code: IntentCode): string[] {
  if (code.from !== 'image' && code.from !== 'http') return [];
  const { hostname, host } = new URL(code.from === 'http' ? code.url : `http://${code.reference}`);
  if (!isLoopback(hostname)) return [];
  return [`the proxies cannot fetch from ${host}: where they run, that is their own machine`];
}
