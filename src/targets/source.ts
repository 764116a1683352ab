/** Resolves an operand to the code of the filter: a project, a .wasm file, a URL, or an image. */
import { basename, resolve } from 'node:path';
import { digestOf } from '../io/sha256.ts';
import { WasmeError } from '../errors.ts';
import { exists, kindOf, readBytes } from '../io/files/files.ts';
import type { Places } from '../io/files/paths.ts';
import { type LoadedProject, findProject, loadProject, outputPath } from '../project/load.ts';
import { parseNamedModule } from '../wasm/module.ts';
import type { IntentCode } from './intent.ts';

/** Looks up images. The caller passes it in, because targets may not import the store and registries. */
export interface ImageAccess {
  /**
   * Full reference with its tag, and the digest that proxies compare. `digest`: one that is known, true to look it up,
   * false for none. No network when it is known or in the store.
   */
  resolve(reference: string, digest: string | boolean): Promise<ResolvedImage>;
  /** The module in the image. */
  module(reference: string): Promise<ResolvedImage & { readonly digest: string; readonly bytes: Uint8Array }>;
}

export interface ResolvedImage {
  /** Without a digest. */
  readonly reference: string;
  /** undefined: it was not looked up. */
  readonly digest: string | undefined;
  /** Root ids the image's runtime configuration names. */
  readonly rootIds?: readonly string[];
  /** The module, when the image was opened. */
  readonly bytes?: Uint8Array;
}

/** A module on the web: read once, so that its digest can be written down. */
export type FetchModule = (url: string) => Promise<Uint8Array>;

export interface SourceOptions {
  readonly cwd: string;
  /** Folders in which a wasme.json is remembered as validated. */
  readonly places?: Places;
  /** Forms of code the target takes, preferred one first. */
  readonly accepts: readonly IntentCode['from'][];
  /** A digest as flag; false: do not pin. */
  readonly digest: string | boolean;
  /** undefined: images are not looked at. */
  readonly images: ImageAccess | undefined;
  readonly fetchModule: FetchModule;
  /** Returns the path for the module of an image, for targets that load files; `digest` is that of its bytes. */
  readonly modulePath: (name: string, digest: string) => string;
  /** Files are copied there too, so that a proxy never sees a file change that it has loaded. */
  readonly copyFiles?: boolean;
}

export interface ResolvedSource {
  readonly code: IntentCode;
  /** Name of the filter unless a flag or the project gives one. */
  readonly name: string;
  readonly project: LoadedProject | undefined;
  /** The module, when it was read. */
  readonly bytes: Uint8Array | undefined;
  /** True: `bytes` have to be written to `code.path`. */
  readonly extracted: boolean;
  readonly rootIds: readonly string[];
}

/**
 * Resolves an operand: a path that exists, a URL, or an image reference; nothing is the project around `cwd`.
 * Fails with FILE_NOT_FOUND, PROJECT_NOT_FOUND, DEPLOY_UNSUPPORTED and what images fail with.
 */
export async function resolveSource(
  operand: string | undefined,
  options: SourceOptions,
): Promise<ResolvedSource> {
  if (operand === undefined) return projectSource(await loadProject(options.cwd, options.places), options);
  if (/^https?:\/\//i.test(operand)) return urlSource(operand, options);
  if (/^file:\/\//i.test(operand)) return proxyFileSource(operand, options);
  const path = resolve(options.cwd, operand);
  const kind = await kindOf(path);
  if (kind === 'dir') return projectSource(await loadProject(path, options.places), options);
  if (kind !== undefined) return fileSource(path, await findProject(path, options.places), options);
  if (/^\.{0,2}\//.test(operand) || operand === '.' || operand.endsWith('.wasm')) {
    throw new WasmeError('FILE_NOT_FOUND', `no such file or folder: ${operand}`, {
      hint: 'name a project folder, a .wasm file, a URL or an image',
      details: { path },
    });
  }
  return imageSource(operand, undefined, options);
}

async function projectSource(loaded: LoadedProject, options: SourceOptions): Promise<ResolvedSource> {
  const path = outputPath(loaded);
  const { reference } = loaded.project.image ?? {};
  if (options.accepts[0] === 'image' && reference !== undefined)
    return imageSource(reference, loaded, options);
  if (!options.accepts.includes('file') || (options.accepts[0] === 'image' && reference === undefined)) {
    throw new WasmeError('DEPLOY_UNSUPPORTED', `${loaded.file} does not say which image its filter is`, {
      hint: 'name the image, or set image.reference in wasme.json and run "wasme push"',
    });
  }
  if (!(await exists(path))) {
    throw new WasmeError('FILE_NOT_FOUND', `the project has no module yet: ${path}`, {
      hint: `run "wasme build" in ${loaded.dir}`,
      details: { path },
    });
  }
  return fileSource(path, loaded, options);
}

async function fileSource(
  path: string,
  project: LoadedProject | undefined,
  options: SourceOptions,
): Promise<ResolvedSource> {
  if (!options.accepts.includes('file')) throw refused(`the file ${path}`, options.accepts);
  const bytes = await readBytes(path);
  parseNamedModule(bytes, path);
  const digest = digestOf(bytes);
  if (typeof options.digest === 'string' && options.digest !== digest)
    throw mismatch(path, digest, options.digest);
  // A .wasm file somewhere below a project is that project's only when it is its output.
  const own = project !== undefined && outputPath(project) === path ? project : undefined;
  const name = own?.project.name ?? basename(path).replace(/\.wasm$/, '');
  const copy = options.copyFiles === true;
  return {
    code: { from: 'file', path: copy ? options.modulePath(name, digest) : path, digest },
    name,
    project: own,
    bytes,
    extracted: copy,
    rootIds: [],
  };
}

/** `file:///etc/wasm/filter.wasm`: a file that lies where the proxy runs, not here. */
function proxyFileSource(url: string, options: SourceOptions): ResolvedSource {
  const path = url.slice('file://'.length);
  if (!options.accepts.includes('proxy-file'))
    throw refused(`${url}, a file where the proxy runs`, options.accepts);
  if (!path.startsWith('/')) {
    throw new WasmeError('USAGE', `${url} has no absolute path`, {
      hint: 'write it like file:///etc/wasm/filter.wasm',
    });
  }
  return {
    code: { from: 'proxy-file', path, digest: undefined },
    name: basename(path).replace(/\.wasm$/, ''),
    project: undefined,
    bytes: undefined,
    extracted: false,
    rootIds: [],
  };
}

async function urlSource(url: string, options: SourceOptions): Promise<ResolvedSource> {
  if (!options.accepts.includes('http')) throw refused(`the URL ${url}`, options.accepts);
  const bytes = typeof options.digest === 'string' ? undefined : await options.fetchModule(url);
  const digest =
    typeof options.digest === 'string'
      ? options.digest
      : bytes !== undefined && options.digest
        ? digestOf(bytes)
        : undefined;
  return {
    code: { from: 'http', url, digest },
    name: basename(new URL(url).pathname).replace(/\.wasm$/, '') || 'filter',
    project: undefined,
    bytes,
    extracted: false,
    rootIds: [],
  };
}

async function imageSource(
  reference: string,
  project: LoadedProject | undefined,
  options: SourceOptions,
): Promise<ResolvedSource> {
  const name = project?.project.name ?? nameOfImage(reference);
  if (options.images === undefined) {
    throw new WasmeError('FILE_NOT_FOUND', `no such file or folder: ${reference}`);
  }
  if (options.accepts.includes('image')) {
    const image = await options.images.resolve(reference, options.digest);
    if (typeof options.digest === 'string' && options.digest !== image.digest) {
      throw mismatch(reference, image.digest ?? 'without a digest', options.digest);
    }
    return {
      code: { from: 'image', reference: image.reference, digest: image.digest },
      name,
      project,
      bytes: image.bytes,
      extracted: false,
      rootIds: image.rootIds ?? [],
    };
  }
  const image = await options.images.module(reference);
  if (typeof options.digest === 'string' && options.digest !== image.digest) {
    throw mismatch(reference, image.digest, options.digest);
  }
  const digest = digestOf(image.bytes);
  return {
    code: {
      from: 'file',
      path: options.modulePath(name, digest),
      digest,
      image: `${image.reference}@${image.digest}`,
    },
    name,
    project,
    bytes: image.bytes,
    extracted: true,
    rootIds: image.rootIds ?? [],
  };
}

/** `ghcr.io/me/add-header:v1` → `add-header`. */
function nameOfImage(reference: string): string {
  const last = reference.replace(/@.*$/, '').split('/').at(-1) ?? reference;
  return last.replace(/:.*$/, '');
}

function refused(what: string, accepts: readonly string[]): WasmeError {
  const forms: Record<string, string> = {
    file: 'a .wasm file',
    image: 'an image (wasme push makes one of a file)',
    http: 'an https:// URL',
    'proxy-file': 'a file:// URL of a file where the proxy runs',
  };
  const taken = accepts.flatMap(form => forms[form] ?? []);
  return new WasmeError('DEPLOY_UNSUPPORTED', `${what} cannot be loaded there`, {
    hint: `name ${taken.join(', or ')}`,
  });
}

function mismatch(what: string, actual: string, expected: string): WasmeError {
  return new WasmeError('DEPLOY_UNSUPPORTED', `${what} is ${actual}, not ${expected}`, {
    hint: 'leave --digest without a value to pin what is there now',
    details: { actual, expected },
  });
}
