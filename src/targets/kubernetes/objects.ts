/** Kubernetes objects as wasme writes and reads them, and the labels of those that it made. */
import { checkName, checkNamespace } from './names.ts';
import { type DeployIntent, intentHash } from '../intent.ts';
import { type AnnotatedDocument, withReason } from '../annotated-document.ts';

/** The label that says whose an object is; undeploy deletes nothing without it. */
export const ownerLabel = 'app.kubernetes.io/managed-by';
export const owner = 'wasme';
/** The filter's id, for finding every object of one deployment whatever its kind. */
export const idLabel = 'wasme.io/id';
/** Digest of what was asked for; the same hash again means nothing to do. */
const intentAnnotation = 'wasme.io/intent';
/** On an object that others own too: JSON that names our list items, see `shared.ts`. */
export const sharedAnnotation = 'wasme.io/filters';

/** annotations of an object whose list holds items of several deployments. */
export function sharedAnnotations(ownership: string): AnnotatedDocument {
  return withReason({ [sharedAnnotation]: ownership }, 'which items of the list were put in by wasme');
}

/** The cluster that kubectl talks to, and what it may change there. */
export interface KubernetesOptions {
  /** kubectl's context; absent: the current one. */
  readonly context?: string | undefined;
  readonly namespace?: string | undefined;
  /** Read the cluster for what is not said (version, objects that are already there). False: no kubectl is started. */
  readonly useCluster?: boolean | undefined;
  /** The server tries everything and keeps nothing. */
  readonly dryRun?: boolean | undefined;
  /** Take over fields and objects that another manager owns. */
  readonly forceConflicts?: boolean | undefined;
}

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly resourceVersion?: string;
    readonly generation?: number;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

/** metadata of an object that is ours alone. Fails with DEPLOY_NAME. */
export function ownMetadata(
  intent: DeployIntent,
  namespace: string,
  name = intent.id,
): { readonly [key: string]: AnnotatedDocument } {
  return {
    name: withReason(checkName(name, '--id'), 'the filter (--id), or the object that holds several'),
    namespace: withReason(checkNamespace(namespace), 'where it counts (--namespace)'),
    labels: withReason(
      { [ownerLabel]: owner, [idLabel]: checkName(intent.id, '--id') },
      'by these undeploy and status find it; nothing without them is ever deleted',
    ),
    annotations: withReason(
      { [intentAnnotation]: intentHash(intent) },
      'changes with everything that was asked for',
    ),
  };
}

export function isOurs(object: KubeObject): boolean {
  return object.metadata.labels?.[ownerLabel] === owner;
}

/** `WasmPlugin/bookinfo/add-header`. */
export function showObject({ kind, metadata }: Pick<KubeObject, 'kind' | 'metadata'>): string {
  return [kind, metadata.namespace, metadata.name].filter(part => part !== undefined).join('/');
}
