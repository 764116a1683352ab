/**
 * Lists every failure that the user can meet in one table, with its code and the exit code of the program.
 * Codes are for scripts and for docs/errors.md (generated from here); messages are written where the failure happens.
 */

/** Exit codes of the process: 0 done, 1 the job failed, 2 wrong usage or project file, 70 our bug, 130 interrupted. */
type ExitCode = 1 | 2 | 70 | 130;

interface ErrorKind {
  readonly exit: ExitCode;
  readonly meaning: string;
}

/** code → exit code and one sentence of meaning. Sorted by area; an area is the first word of the code. */
export const errorKinds = {
  INTERNAL: { exit: 70, meaning: 'A bug of wasme itself. The text under it is what to report.' },
  INTERRUPTED: { exit: 130, meaning: 'Ctrl-C or SIGTERM ended the work; nothing half-written was left.' },
  USAGE: {
    exit: 2,
    meaning: 'The command line does not fit: an unknown verb, flag or value, or a missing operand.',
  },
  USAGE_NO_PROMPT: {
    exit: 2,
    meaning: 'A value is missing and there is no terminal to ask on (or --yes, or CI is set).',
  },

  FILE_NOT_FOUND: { exit: 1, meaning: 'A file or folder that was named does not exist.' },
  FILE_EXISTS: { exit: 1, meaning: 'Something is already there and would have been overwritten.' },
  FILE_ACCESS: {
    exit: 1,
    meaning: 'The system refused to read or write a path (permission, read-only, disk full).',
  },

  NETWORK: { exit: 1, meaning: 'A server could not be reached, or the connection broke.' },

  REFERENCE_INVALID: {
    exit: 2,
    meaning: 'A text is not an image reference: [host[:port]/]name[:tag][@sha256:…], names in lower case.',
  },
  IMAGE_NOT_FOUND: { exit: 1, meaning: 'The local store has no image of that name.' },
  IMAGE_INVALID: {
    exit: 1,
    meaning: 'A manifest, index or layer is malformed, of a type that is no filter image, or over a limit.',
  },
  IMAGE_UNSUPPORTED: {
    exit: 1,
    meaning:
      'An image of this kind cannot be made or read: its layout has no place for it, or a decoder is missing.',
  },
  NOT_LOADABLE: {
    exit: 1,
    meaning: 'A host that the filter is meant for refuses this module or image; --force continues anyway.',
  },
  SIGNATURE_INVALID: {
    exit: 1,
    meaning:
      'The image is not signed, or not with the key that was named, or the signature is for another image.',
  },
  KEY_INVALID: {
    exit: 1,
    meaning:
      'A signing key cannot be used: not PEM, not ECDSA P-256, encrypted without its password, or damaged.',
  },
  DIGEST_MISMATCH: {
    exit: 1,
    meaning: 'The bytes that came are not the ones their digest names; nothing of them was kept.',
  },
  REGISTRY_UNAUTHORIZED: {
    exit: 1,
    meaning: 'The registry wants a login, or refused the credentials it was given.',
  },
  REGISTRY_DENIED: { exit: 1, meaning: 'The registry knows who asks but does not permit the action.' },
  REGISTRY_NOT_FOUND: { exit: 1, meaning: 'The registry has no such repository, tag or blob.' },
  REGISTRY_RATE_LIMITED: {
    exit: 1,
    meaning: 'The registry asks to come back later than is sensible to wait.',
  },
  REGISTRY_REFUSED: {
    exit: 1,
    meaning: 'The registry answered with an error, or in a way that no registry should.',
  },
  CREDENTIALS_INVALID: {
    exit: 1,
    meaning: 'A credentials file or a certificate cannot be read, or a credential helper failed.',
  },
  PORT_IN_USE: { exit: 1, meaning: 'Another program already listens on the port that was asked for.' },
  PORT_REFUSED: {
    exit: 1,
    meaning: 'The system does not allow listening there (a privileged port, an address that is not ours).',
  },

  PROJECT_NOT_FOUND: { exit: 2, meaning: 'No wasme.json here or in a folder above.' },
  PROJECT_INVALID: {
    exit: 2,
    meaning: 'wasme.json (or runtime-config.json) is not valid; the text names the field, line and column.',
  },

  DEPLOY_UNSUPPORTED: {
    exit: 1,
    meaning: 'The target, or this version of it, has no way to say what was asked for.',
  },
  DEPLOY_CONFIGURATION: {
    exit: 1,
    meaning: 'The plugin configuration does not satisfy the JSON Schema of the project.',
  },
  DEPLOY_FILE: {
    exit: 1,
    meaning:
      'A configuration file that was to be edited cannot be: not YAML, an old API, or nothing fits in it.',
  },
  DEPLOY_DECLINED: {
    exit: 1,
    meaning: 'A change to an object that others own too was shown and not agreed to; nothing was changed.',
  },
  DEPLOY_NOT_FOUND: { exit: 1, meaning: 'Nothing of that name was deployed there.' },
  DEPLOY_REJECTED: {
    exit: 1,
    meaning: 'The proxy or the control plane refused what was deployed; the text says why.',
  },

  DEPLOY_NOT_RUNNING: {
    exit: 1,
    meaning: 'What was deployed was accepted, but does not run everywhere in the time given with --wait.',
  },
  DEPLOY_NAME: {
    exit: 2,
    meaning: 'A name, namespace or label that Kubernetes would refuse.',
  },

  KUBE_UNREACHABLE: {
    exit: 1,
    meaning: 'kubectl has no cluster to talk to, is not let in, or got no answer.',
  },
  KUBE_FORBIDDEN: { exit: 1, meaning: 'The cluster does not allow this to the current user.' },
  KUBE_NOT_INSTALLED: {
    exit: 1,
    meaning: 'The cluster does not know this kind of object: the control plane is not installed, or too old.',
  },
  KUBE_NOT_FOUND: { exit: 1, meaning: 'An object that was named is not in the cluster.' },
  KUBE_CONFLICT: {
    exit: 1,
    meaning: 'Somebody else owns the object or the fields that would be changed. Nothing was changed.',
  },
  KUBE_REFUSED: {
    exit: 1,
    meaning:
      'The API server refused a document: a wrong field or value, or an admission rule. Nothing was changed.',
  },

  TOOL_MISSING: { exit: 1, meaning: 'A program that the job needs is not installed or not on PATH.' },
  TOOL_FAILED: { exit: 1, meaning: 'A program that was started ended with an error.' },

  TOOL_OUTDATED: {
    exit: 1,
    meaning: 'A program is there but its version is too old, or does not go with another one.',
  },
  BUILD_FAILED: {
    exit: 1,
    meaning: 'The compiler refused the source, or left no module. The text shows file, line and column.',
  },
  BUILD_BUSY: { exit: 1, meaning: 'Another build of the same project is running and did not end in time.' },
  BUILD_TOO_LARGE: { exit: 1, meaning: 'The module is larger than build.sizeBudget in wasme.json allows.' },
  LANGUAGE_UNKNOWN: {
    exit: 2,
    meaning: 'No wasme.json names the language, and the files of the folder do not tell it.',
  },
  NAME_INVALID: { exit: 2, meaning: 'A project name that compilers, registries or clusters would refuse.' },
  TEMPLATE_UNKNOWN: { exit: 2, meaning: 'There is no such template, or none for this language and kind.' },
  TEMPLATE_INVALID: { exit: 1, meaning: 'A template folder has no valid template.json or wasme.json.' },

  SUITE_INVALID: {
    exit: 2,
    meaning: 'A test suite file is not valid; the text names the field, line and column.',
  },

  BENCH_BASELINE: {
    exit: 2,
    meaning: 'A file given with --baseline is not a result that "wasme bench --save" wrote.',
  },

  WASM_INVALID: { exit: 1, meaning: 'The file is not a WebAssembly module, is truncated, or is damaged.' },
  WASM_START: {
    exit: 1,
    meaning: 'The filter was loaded, but trapped or said no in its start or configure function.',
  },
  WASM_TRAP: { exit: 1, meaning: 'The filter trapped while it handled a stream.' },
  WASM_ABI: {
    exit: 1,
    meaning: 'The module is not a Proxy-Wasm filter that the host can load (ABI marker, imports, exports).',
  },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorKinds;

export interface WasmeErrorOptions {
  /** Tells the user what to type or change next, in one line. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  /** Machine-readable facts for --json. Never secrets. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

/** A failure that was foreseen: it has a code, says which value was wrong, and what to do next. */
export class WasmeError extends Error {
  override readonly name = 'WasmeError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, message: string, options: WasmeErrorOptions = {}) {
    super(redact(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint === undefined ? undefined : redact(options.hint);
    this.details = options.details;
  }

  get exitCode(): ExitCode {
    return errorKinds[this.code].exit;
  }
}

/** Ctrl-C, or a signal that means the same. */
export function interrupted(): WasmeError {
  return new WasmeError('INTERRUPTED', 'interrupted');
}

/** A thrown value as the failure it is: one of ours as it is, anything else INTERNAL with its cause kept. */
export function asFailure(thrown: unknown): WasmeError {
  if (thrown instanceof WasmeError) return thrown;
  return new WasmeError('INTERNAL', thrown instanceof Error ? thrown.message : String(thrown), {
    cause: thrown,
  });
}

/** Takes credentials out of text before it can be printed: URL userinfo, Authorization values, token parameters. */
export function redact(text: string): string {
  return text
    .replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/?#"']*@/gi, '$1***@')
    .replace(/\b(authorization["']?\s*[:=]\s*["']?)(?:\w+\s+)?[^\s"',;]+/gi, '$1***')
    .replace(/\b(Basic|Bearer)\s+[A-Za-z0-9+/=._~-]{8,}/g, '$1 ***')
    .replace(/([?&][\w.-]*(?:token|passw(?:or)?d|secret|sig|signature|credential|key)=)[^&\s"']+/gi, '$1***');
}

/** Masks known secrets in a text from outside. Secrets of fewer than 4 characters stay: they occur in any text by chance. */
export function withoutSecrets(text: string, secrets: Iterable<string>): string {
  return [...secrets].reduce(
    (rest, secret) => (secret.length < 4 ? rest : rest.replaceAll(secret, '***')),
    text,
  );
}
