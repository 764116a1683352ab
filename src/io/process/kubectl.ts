/** kubectl, our only way to a cluster: the person's own access, contexts and plugins. Its failures become coded errors. */
import { WasmeError, type ErrorCode } from '../../errors.ts';
import type { SystemContext } from '../system-context.ts';
import { exec } from './exec.ts';

/** Selects a cluster; for absent fields kubectl uses its own defaults. */
export interface Cluster {
  readonly context?: string | undefined;
}

export interface KubectlOptions {
  /** Documents for `-f -`. */
  readonly input?: string;
  /** Of the whole call, default 60 s: an API server that does not answer must not hang a pipeline. */
  readonly timeoutMs?: number;
}

/**
 * Runs kubectl and gives its stdout. Fails with TOOL_MISSING, KUBE_UNREACHABLE, KUBE_FORBIDDEN, KUBE_NOT_INSTALLED,
 * KUBE_NOT_FOUND, KUBE_CONFLICT, KUBE_REFUSED, or TOOL_FAILED for what it says in words we do not know.
 */
export async function kubectl(
  args: readonly string[],
  cluster: Cluster,
  system: SystemContext,
  options: KubectlOptions = {},
): Promise<string> {
  const command = {
    program: 'kubectl',
    args: [...(cluster.context === undefined ? [] : ['--context', cluster.context]), ...args],
  };
  const result = await exec(command, system, { timeoutMs: 60_000, ...options }).catch((error: unknown) => {
    if (!(error instanceof WasmeError) || error.code !== 'TOOL_MISSING') throw error;
    throw new WasmeError('TOOL_MISSING', 'cannot start kubectl, which is how wasme talks to a cluster', {
      hint: 'install kubectl; "wasme deploy" without --apply prints documents that can be given to a cluster another way',
      cause: error,
      details: { program: 'kubectl' },
    });
  });
  if (result.timedOut) {
    throw new WasmeError('KUBE_UNREACHABLE', 'the cluster did not answer kubectl in time', {
      hint: hints.KUBE_UNREACHABLE,
    });
  }
  if (result.exitCode !== 0) throw kubectlError(result.stderr, result.exitCode);
  return result.stdout;
}

// What kubectl and the API server say, by the most telling words first.
const signs: readonly (readonly [RegExp, ErrorCode])[] = [
  [
    /no matches for kind|doesn't have a resource type|could not find the requested resource/i,
    'KUBE_NOT_INSTALLED',
  ],
  [/\(Forbidden\)|is forbidden:/i, 'KUBE_FORBIDDEN'],
  [/Apply failed with \d+ conflict|\(Conflict\)|object has been modified/i, 'KUBE_CONFLICT'],
  [
    /is invalid:|strict decoding error|\(BadRequest\)|unknown field|\(Invalid\)|admission webhook .* denied|unable to decode|error parsing/i,
    'KUBE_REFUSED',
  ],
  [/\(NotFound\)|not found$/im, 'KUBE_NOT_FOUND'],
  [
    /connection to the server|was refused|no configuration has been provided|context .* does not exist|context was not found|dial tcp|i\/o timeout|no such host|x509|Unauthorized|must be logged in|deadline exceeded|TLS handshake|getting credentials|connection reset|EOF$/im,
    'KUBE_UNREACHABLE',
  ],
];

const hints: Partial<Record<ErrorCode, string>> = {
  KUBE_UNREACHABLE: 'check "kubectl cluster-info"; name another cluster with --context',
  KUBE_FORBIDDEN: 'ask for the rights that the message names, or use another --context',
  KUBE_NOT_INSTALLED:
    'install the control plane (its custom resources are not there), or use another --context',
  KUBE_NOT_FOUND: 'check the name and the namespace; a namespace has to be there before filters go into it',
  KUBE_REFUSED: 'the message is of the API server: change what it names',
  KUBE_CONFLICT: 'look at it with --diff; --force-conflicts takes the fields over from their owner',
};

function kubectlError(stderr: string, exitCode: number): WasmeError {
  const code = signs.find(([sign]) => sign.test(stderr))?.[1] ?? 'TOOL_FAILED';
  // Discovery chatter repeats one cause in several lines, each with a time stamp; the last lines are the verdict.
  const lines = stderr
    .split('\n')
    .map(line => line.trimEnd())
    .filter(line => line !== '' && !/^[EWI]\d{4} /.test(line));
  const text = [...new Set(lines)]
    .slice(-12)
    .join('\n')
    .replace(/^error: /i, '');
  return new WasmeError(code, `kubectl: ${text === '' ? `ended with exit code ${exitCode}` : text}`, {
    hint: /object has been modified/.test(text)
      ? 'it was changed at the same moment: run the command again'
      : hints[code],
    details: { exitCode },
  });
}
