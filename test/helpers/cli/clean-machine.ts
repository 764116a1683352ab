/** Variables of a user with an empty HOME. Only npm's download cache is that of the real machine. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

export function emptyHome(home: string): Record<string, string | undefined> {
  mkdirSync(home, { recursive: true });
  const cache = execFileSync('npm', ['config', 'get', 'cache'], { encoding: 'utf8', stdio: 'pipe' }).trim();
  const registry = process.env['npm_config_registry'];
  return {
    PATH: process.env['PATH'],
    HOME: home,
    npm_config_cache: cache,
    npm_config_update_notifier: 'false',
    npm_config_prefer_offline: 'true',
    npm_config_fetch_retries: '5',
    ...(registry === undefined ? {} : { npm_config_registry: registry }),
  };
}
