/** One verdict per host about a module and the image it is in: will it load, why not, what to do. Used by verify, push and deploy. */
import { WasmeError } from '../../errors.ts';
import { checkModuleAbi } from '../../wasm/abi.ts';
import { type HostVersion, isForkedEnvoy, offeredBy, parseHost } from '../../wasm/hosts.ts';
import { type ModuleInfo, parseModule } from '../../wasm/module.ts';
import { type PackagingName, packagings } from '../packaging/formats/index.ts';
import { type LoaderName, loaderOf, loaders, fetchesNoImages, checkImage } from './loaders.ts';
import type { ImageHandle } from '../read/open-image.ts';

export interface HostCompatibility {
  /** As it was asked for: `istio@1.30`. */
  readonly host: string;
  readonly ok: boolean;
  /** One sentence: how it loads, or the first thing that hinders it. */
  readonly reason: string;
  /** What to type or change; null when it loads, or when nothing helps. */
  readonly repair: string | null;
  /** True and worth knowing, but no hindrance. */
  readonly notes: readonly string[];
}

export interface CheckedSubject {
  /** The module's bytes; undefined when the image holds none that could be read. */
  readonly module: Uint8Array | undefined;
  /** Why there is no module, for the verdict. */
  readonly unreadable?: string | undefined;
  /** The image it comes in; undefined for a file. */
  readonly image?: ImageHandle | undefined;
  /** For messages: what the person named. */
  readonly name: string;
  /** What to type to get it in another layout; default `wasme convert`. */
  readonly repack?: ((layout: PackagingName) => string) | undefined;
}

/** What is judged when nobody names a host: the newest version of each. */
export const defaultHosts: readonly string[] = [
  'envoy',
  'istio',
  'envoy-gateway',
  'higress',
  'gloo@ee',
  'gcp',
];

/**
 * Verdicts in the order of `hosts`. Pure apart from reading the image's own blobs.
 * Fails with USAGE for a name that is neither a host nor a reader of images.
 */
export async function checkForHosts(
  subject: CheckedSubject,
  hosts: readonly string[],
): Promise<HostCompatibility[]> {
  const verdicts: HostCompatibility[] = [];
  for (const { name, reader, host } of loadersOf(hosts)) {
    verdicts.push(
      host === undefined
        ? await judgeForReader(subject, name, reader ?? 'cncf')
        : await judgeForHost(subject, host),
    );
  }
  return verdicts;
}

/** Who is meant by each name. Fails with USAGE for a name that is neither a host nor a reader of images. */
export function loadersOf(
  names: readonly string[],
): { name: string; reader: LoaderName | undefined; host: HostVersion | undefined }[] {
  return names.map(name => {
    const reader = readerNamed(name);
    return { name, reader, host: reader === undefined ? parseHost(name) : undefined };
  });
}

/** Readers of images that are no hosts of filters. */
const readers: readonly LoaderName[] = ['cncf', 'wasmcloud', 'kwctl', 'wasme'];

function readerNamed(name: string): LoaderName | undefined {
  return readers.find(reader => reader === name.trim().toLowerCase());
}

async function judgeForReader(
  subject: CheckedSubject,
  name: string,
  reader: LoaderName,
): Promise<HostCompatibility> {
  if (subject.image === undefined) {
    return verdict(
      name,
      false,
      `${loaders[reader].title} reads images, this is a file`,
      'push it, then name the image',
    );
  }
  return packing(subject, name, reader, []);
}

async function judgeForHost(subject: CheckedSubject, host: HostVersion): Promise<HostCompatibility> {
  const notes = host.note === undefined ? [] : [host.note];
  if (isForkedEnvoy(host)) {
    return verdict(
      host.text,
      false,
      `it runs a fork of Envoy 1.${host.envoyMinor} with an ABI of its own, which no toolchain of today writes`,
      'upgrade to Istio 1.9 or newer',
      notes,
    );
  }
  const fault = moduleFault(subject, host, notes);
  if (fault !== undefined) return verdict(host.text, false, fault.reason, fault.repair, notes);
  if (subject.image === undefined) {
    return verdict(host.text, true, `Envoy 1.${host.envoyMinor} loads the module`, undefined, notes);
  }
  if (fetchesNoImages(host)) {
    return verdict(
      host.text,
      false,
      'this version fetches no images',
      `pull the module into a file (wasme pull ${subject.name} -o filter.wasm) and mount it, or upgrade`,
      notes,
    );
  }
  const consumer = loaderOf(host);
  if (consumer === undefined) {
    notes.push('Envoy takes files: "wasme deploy envoy" takes the module out of the image');
    return verdict(host.text, true, `Envoy 1.${host.envoyMinor} loads the module`, undefined, notes);
  }
  return packing(subject, host.text, consumer, notes);
}

async function packing(
  subject: CheckedSubject,
  name: string,
  consumer: LoaderName,
  notes: readonly string[],
): Promise<HostCompatibility> {
  if (subject.image === undefined) throw new WasmeError('INTERNAL', 'a file has no packing');
  const { ok, reason, repair, note } = await checkImage(consumer, subject.image);
  const { repack = layout => `wasme convert ${subject.name} --layout ${layout}` } = subject;
  const command = repair === undefined ? undefined : `${repack(repair)} (${packagings[repair].summary})`;
  return verdict(name, ok, reason, command, note === undefined ? notes : [...notes, note]);
}

/** The first thing about the module itself that keeps the host from loading it. */
function moduleFault(
  { module, unreadable }: CheckedSubject,
  host: HostVersion,
  notes: string[],
): { reason: string; repair: string } | undefined {
  if (module === undefined) {
    return {
      reason: unreadable ?? 'there is no module',
      repair: 'push an image that holds one Proxy-Wasm module',
    };
  }
  let info: ModuleInfo;
  try {
    info = parseModule(module);
  } catch (error) {
    if (!(error instanceof WasmeError)) throw error;
    return { reason: error.message, repair: error.hint ?? 'build it again' };
  }
  const { findings } = checkModuleAbi(info, offeredBy(host));
  for (const finding of findings) {
    if (finding.level === 'warning') notes.push(`${finding.message}: ${finding.repair}`);
  }
  const [error, ...others] = findings.filter(finding => finding.level === 'error');
  if (error !== undefined) {
    const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
    return { reason: `${error.message}${more}`, repair: error.repair };
  }
  return host.name === 'gcp' ? googleFault(info, notes) : undefined;
}

/** Google's load balancers give 16 MiB, and answer these calls with "unimplemented". */
const googleMaxPages = 256;
const googleMissing =
  /^proxy_(set_tick_period|define_metric|[gs]et_shared_data|\w+_shared_queue|http_call|grpc_)/;

function googleFault(info: ModuleInfo, notes: string[]): { reason: string; repair: string } | undefined {
  const missing = info.imports.filter(item => googleMissing.test(item.name)).map(item => item.name);
  if (missing.length > 0) notes.push(`these calls do nothing there: ${missing.join(', ')}`);
  const pages = info.memories[0]?.min ?? 0;
  if (pages <= googleMaxPages) return undefined;
  return {
    reason: `the module starts with ${pages * 64} KiB of memory; it gets 16 MiB`,
    repair: 'lower --initial-memory',
  };
}

function verdict(
  host: string,
  ok: boolean,
  reason: string,
  repair: string | undefined,
  notes: readonly string[] = [],
): HostCompatibility {
  return { host, ok, reason, repair: ok ? null : (repair ?? null), notes };
}

/**
 * For verbs that are about to publish or deploy: fails with NOT_LOADABLE, naming every host that would refuse it and the
 * first repair. `details.verdicts` has them all.
 */
export async function requireLoadable(
  subject: CheckedSubject,
  hosts: readonly string[],
): Promise<HostCompatibility[]> {
  const verdicts = await checkForHosts(subject, hosts);
  const refused = verdicts.filter(item => !item.ok);
  const [first] = refused;
  if (first === undefined) return verdicts;
  const lines = refused.map(({ host, reason }) => `${host} would not load ${subject.name}: ${reason}`);
  throw new WasmeError('NOT_LOADABLE', lines.join('\n'), {
    hint: `${first.repair ?? 'choose another host'}; --force goes on all the same`,
    details: { verdicts },
  });
}
