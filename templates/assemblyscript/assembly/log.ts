// Logging through the proxy, at the level that is asked for. (The SDK's own `log` prints to standard output, which
// proxies show without a level.)
import { LogLevelValues } from "@gcoredev/proxy-wasm-sdk-as/assembly";
import { proxy_log } from "@gcoredev/proxy-wasm-sdk-as/assembly/imports";

export function info(message: string): void {
  write(LogLevelValues.info, message);
}

export function warn(message: string): void {
  write(LogLevelValues.warn, message);
}

export function error(message: string): void {
  write(LogLevelValues.error, message);
}

function write(level: LogLevelValues, message: string): void {
  const text = String.UTF8.encode(message);
  proxy_log(level, changetype<usize>(text), text.byteLength);
}
