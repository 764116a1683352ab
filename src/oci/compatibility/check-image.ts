/** Answers for each host whether it loads a module and the image that holds it, why not, and what repairs it: for verify, push and deploy. */
import { WasmeError } from '../../errors.ts';
import {
  type Compatibility,
  checkModule,
  compatible,
  incompatible,
} from '../../wasm/compatibility/check-module.ts';
import { refusalText } from '../../wasm/compatibility/require-loadable.ts';
import { type HostVersion, parseHost } from '../../wasm/hosts.ts';
import { parseModule } from '../../wasm/module.ts';
import { type PackagingName, packagings } from '../packaging/formats/index.ts';
import type { ImageHandle } from '../read/open-image.ts';
import { type ReadImage, readImage } from '../read/read-image.ts';
import { isContentFault } from '../read/read-layer.ts';
import type { ImageSource } from '../source.ts';
import { type LoaderName, checkImage, fetchesNoImages, loaderOf, loaders } from './loaders.ts';

/** The answer about one host, in the order of fields of `verify --json`. */
export interface HostCompatibility extends Compatibility {
  /** As the user named it: `istio@1.30`. */
  readonly host: string;
}

export interface CheckedSubject {
  /** The module's bytes; undefined when the image holds none that can be read. */
  readonly module: Uint8Array | undefined;
  /** The reason why there is no module. */
  readonly unreadable?: string | undefined;
  /** The image that holds the module; undefined for a file. */
  readonly image?: ImageHandle | undefined;
  /** For messages: as the user named it. */
  readonly name: string;
  /** Makes the command that repacks it; default `wasme convert`. */
  readonly repack?: ((layout: PackagingName) => string) | undefined;
}

/** The hosts that are checked when none is named: the newest version of each. */
export const defaultHosts: readonly string[] = [
  'envoy',
  'istio',
  'envoy-gateway',
  'higress',
  'gloo@ee',
  'gcp',
];

/** Programs that load images without being hosts of filters. */
const readers: readonly LoaderName[] = ['cncf', 'wasmcloud', 'kwctl', 'wasme'];

/** Returns the host or the reader of images behind each name. Fails with USAGE for a name that is neither. */
export function loadersOf(
  names: readonly string[],
): { name: string; reader: LoaderName | undefined; host: HostVersion | undefined }[] {
  return names.map(name => {
    const reader = readers.find(known => known === name.trim().toLowerCase());
    return { name, reader, host: reader === undefined ? parseHost(name) : undefined };
  });
}

/** Answers in the order of `hosts`. Reads nothing but the image's own blobs. Fails with USAGE as `loadersOf` does. */
export async function checkForHosts(
  subject: CheckedSubject,
  hosts: readonly string[],
): Promise<HostCompatibility[]> {
  const answers: HostCompatibility[] = [];
  for (const { name, reader, host } of loadersOf(hosts)) {
    const answer =
      host === undefined
        ? await checkForReader(subject, reader ?? 'cncf')
        : await checkForHost(subject, host);
    answers.push({ host: host?.text ?? name, ...answer });
  }
  return answers;
}

async function checkForReader(subject: CheckedSubject, reader: LoaderName): Promise<Compatibility> {
  const { image } = subject;
  return image === undefined
    ? incompatible(`${loaders[reader].title} reads images, this is a file`, 'push it, then name the image')
    : checkPackaging({ ...subject, image }, reader, []);
}

/** The module decides first: for a host that refuses it, no packaging helps. */
async function checkForHost(subject: CheckedSubject, host: HostVersion): Promise<Compatibility> {
  const answer = checkSubjectModule(subject, host);
  const { image, name } = subject;
  if (!answer.ok || image === undefined) return answer;
  if (fetchesNoImages(host)) {
    return incompatible(
      'this version fetches no images',
      `pull the module into a file (wasme pull ${name} -o filter.wasm) and mount it, or upgrade`,
      answer.notes,
    );
  }
  const loader = loaderOf(host);
  if (loader !== undefined) return checkPackaging({ ...subject, image }, loader, answer.notes);
  const note = 'Envoy takes files: "wasme deploy envoy" takes the module out of the image';
  return compatible(answer.reason, [...answer.notes, note]);
}

function checkSubjectModule({ module, unreadable }: CheckedSubject, host: HostVersion): Compatibility {
  const notes = host.note === undefined ? [] : [host.note];
  if (module === undefined) {
    const repair = 'push an image that holds one Proxy-Wasm module';
    return incompatible(unreadable ?? 'there is no module', repair, notes);
  }
  try {
    return checkModule(parseModule(module), host);
  } catch (error) {
    if (!(error instanceof WasmeError)) throw error;
    return incompatible(error.message, error.hint ?? 'build it again', notes);
  }
}

async function checkPackaging(
  subject: CheckedSubject & { readonly image: ImageHandle },
  loader: LoaderName,
  notes: readonly string[],
): Promise<Compatibility> {
  const { repack = layout => `wasme convert ${subject.name} --layout ${layout}` } = subject;
  const answer = await checkImage(loader, subject.image);
  const { repair } = answer;
  return {
    ...answer,
    repair: repair === null ? null : `${repack(repair)} (${packagings[repair].summary})`,
    notes: [...notes, ...answer.notes],
  };
}

/**
 * Returns the answers when every host loads the subject. Fails with NOT_LOADABLE, which names each host that refuses it, its reason
 * and the first repair; `details.verdicts` has all answers.
 */
export async function requireLoadableImage(
  subject: CheckedSubject,
  hosts: readonly string[],
): Promise<HostCompatibility[]> {
  const verdicts = await checkForHosts(subject, hosts);
  const refused = verdicts.filter(item => !item.ok);
  const [first] = refused;
  if (first === undefined) return verdicts;
  const lines = refused.map(({ host, reason }) => refusalText({ host, name: subject.name }, reason));
  throw new WasmeError('NOT_LOADABLE', lines.join('\n'), {
    hint: `${first.repair ?? 'choose another host'}; --force continues anyway`,
    details: { verdicts },
  });
}

export interface ImageSubject {
  readonly subject: CheckedSubject;
  /** undefined when it holds no module that can be read. */
  readonly read: ReadImage | undefined;
}

/** Makes the subject of a check from an opened image. Fails only when the image cannot be fetched; a damaged one is for the check. */
export async function subjectOf({
  name,
  image,
  place,
}: Pick<ImageSource, 'name' | 'image' | 'place'>): Promise<ImageSubject> {
  const repack = (layout: string): string =>
    `wasme convert ${name} --layout ${layout}${place === 'registry' ? ' --push' : ''}`;
  try {
    const read = await readImage(image);
    return { read, subject: { name, image, repack, module: read.module } };
  } catch (error) {
    if (!isContentFault(error)) throw error;
    return {
      read: undefined,
      subject: { name, image, repack, module: undefined, unreadable: error.message },
    };
  }
}
