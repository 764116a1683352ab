/** `wasme deploy envoy --run`: starts an Envoy with what was deployed. */
import type { SystemContext } from '../../io/system-context.ts';
import type { AnnotatedDocument } from '../annotated-document.ts';
import type { IntentCode } from '../intent.ts';
import { renderYaml } from '../yaml.ts';
import { bootstrapName } from './discovery.ts';
import { type FindOptions, findEnvoy, runEnvoy } from './launch.ts';

/** The part of a deployment that an Envoy is started with. */
export interface DeployedEnvoy {
  readonly code: IntentCode;
  readonly documents: readonly { readonly name: string; readonly content: unknown }[];
  /** The person's own file when it was edited. */
  readonly text: string;
  readonly files: readonly { readonly path: string }[];
}

export interface RunDeployedOptions extends FindOptions {
  /** Called with each line that Envoy prints; `continued`: it belongs to the message before it. */
  readonly onLine: (line: string, continued: boolean) => void;
  readonly onReady: () => void;
}

/** Runs an Envoy until it ends and returns its exit code. Fails with TOOL_MISSING and INTERRUPTED. */
export async function runDeployed(
  { code, documents, text, files }: DeployedEnvoy,
  options: RunDeployedOptions,
  system: SystemContext,
): Promise<number> {
  const paths = [...files.map(({ path }) => path), ...(code.from === 'file' ? [code.path] : [])];
  const whole = documents.find(({ name }) => name === bootstrapName);
  const bootstrap = whole === undefined ? text : renderYaml([whole.content as AnnotatedDocument]);
  return runEnvoy({ ...options, envoy: findEnvoy(options, system), bootstrap, files: paths }, system);
}
