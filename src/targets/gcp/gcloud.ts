/** The lines that give the resources to Google Cloud, to be run by the user: this program calls nothing there. */
import { type DeployIntent, configurationText } from '../intent.ts';
import { type GcpOptions, defaultLocation } from './options.ts';

/** A longer configuration is better read from the file it came from. */
const maxInline = 2_000;

/** One shell line each, every word quoted where a shell would take it apart. */
export function gcloudLines(
  { id, configuration }: DeployIntent,
  { project = '', location = defaultLocation }: GcpOptions,
  {
    image,
    version,
    attached,
  }: { readonly image: string; readonly version: string; readonly attached: boolean },
): string[] {
  const place = [`--project=${project}`, `--location=${location}`];
  const text = configuration === undefined ? undefined : configurationText(configuration);
  const short = text !== undefined && text.length <= maxInline && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text);
  const config =
    configuration === undefined ? [] : [short ? `--plugin-config=${text}` : '--plugin-config-file=FILE'];
  const create = [
    'wasm-plugins',
    'create',
    id,
    ...place,
    `--image=${image}`,
    `--main-version=${version}`,
    ...config,
  ];
  const attach = ['lb-traffic-extensions', 'import', id, ...place, '--source=extension.yaml'];
  return [create, ...(attached ? [attach] : [])].map(words =>
    ['gcloud', 'service-extensions', ...words].map(quoted).join(' '),
  );
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
