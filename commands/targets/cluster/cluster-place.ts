/** The flag that says where in a cluster a filter was deployed, the same for status and undeploy of a target. */
import { Option } from 'commander';
import type { TargetName, TargetOptions } from '../../../src/targets/index.ts';
import { list } from './cluster-flags.ts';

export interface PlaceFlags {
  readonly namespace?: string;
  readonly namespaces?: string[];
}

export interface ClusterPlace<Name extends TargetName> {
  readonly option: () => Option;
  readonly options: (flags: PlaceFlags) => TargetOptions[Name];
}

/** `-n, --namespace`. */
export function oneNamespace(description: string): {
  readonly option: () => Option;
  readonly options: (flags: PlaceFlags) => { readonly namespace: string | undefined };
} {
  return {
    option: () => new Option('-n, --namespace <name>', description),
    options: ({ namespace }) => ({ namespace }),
  };
}

/** `-n, --namespaces`, comma-separated or repeated. */
export function severalNamespaces(description: string): {
  readonly option: () => Option;
  readonly options: (flags: PlaceFlags) => { readonly namespaces: readonly string[] | undefined };
} {
  return {
    option: () => new Option('-n, --namespaces <name,…>', description).argParser(list),
    options: ({ namespaces }) => ({ namespaces }),
  };
}
