/** Whether the proxies of a control plane can fetch the code from where it is. */
import { isLoopback } from '../io/http/http-proxy.ts';
import type { IntentCode } from './intent.ts';

/** A warning for code on this machine's own name: for a proxy elsewhere, that is its own machine. */
export function reachWarnings(code: IntentCode): string[] {
  if (code.from !== 'image' && code.from !== 'http') return [];
  const { hostname, host } = new URL(code.from === 'http' ? code.url : `http://${code.reference}`);
  if (!isLoopback(hostname)) return [];
  return [`the proxies cannot fetch from ${host}: where they run, that is their own machine`];
}
