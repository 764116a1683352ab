/**
 * Says in which ways another host version behaves differently for a module: the rows of the profiles table that concern it.
 */
import { moduleFindings } from '../wasm/compatibility/module-findings.ts';
import type { ModuleInfo } from '../wasm/module.ts';
import { moduleConstants } from './vm/module-constants.ts';
import type { FailurePolicy } from './plugin-settings.ts';
import type { HostProfile } from './profiles.ts';

/** A module and the settings it runs with. */
export interface FilterUse {
  readonly info: ModuleInfo;
  readonly bytes: Uint8Array;
  /** Place of the filter; default: with HTTP. */
  readonly kind?: string | undefined;
  readonly failurePolicy?: FailurePolicy | undefined;
  readonly allowOnHeadersStopIteration?: boolean | undefined;
}

/** Facts about the module and its settings that a row uses. */
interface Facts {
  readonly use: FilterUse;
  imports(...names: string[]): boolean;
  exports(...names: string[]): boolean;
  /**
   * Returns true when the module's data has one of the texts, in UTF-8 or UTF-16: the name of a header, an attribute, a
   * function.
   */
  names(...texts: string[]): boolean;
}

interface Row {
  concerns(facts: Facts): boolean;
  /** Returns the behaviour of a host with this profile, as part of a sentence. */
  says(profile: HostProfile): string;
}

type RowName = Exclude<keyof HostProfile, 'name' | 'envoy' | 'wasiTier' | 'extraImports'>;

/** One row for each column of the table but the WASI tier, which decides about loading. */
const rows: Readonly<Record<RowName, Row>> = {
  mainVoid: {
    concerns: facts => facts.exports('__main_void'),
    says: ({ mainVoid }) => `__main_void is ${mainVoid ? '' : 'not '}called at the start`,
  },
  forwardAddedData: {
    concerns: facts =>
      facts.exports('proxy_on_request_body', 'proxy_on_response_body') &&
      facts.imports('proxy_continue_stream', 'proxy_continue_request', 'proxy_continue_response'),
    says: ({ forwardAddedData }) =>
      `a chunk that arrives after a body was continued in its middle ${forwardAddedData ? 'is forwarded' : 'is lost'}`,
  },
  topLevelAttributes: {
    concerns: facts =>
      facts.imports('proxy_get_property') &&
      facts.names('cluster_name', 'route_name', 'listener_direction', 'node'),
    says: ({ topLevelAttributes }) =>
      `node, cluster_name, route_name and listener_direction ${topLevelAttributes ? 'exist' : 'do not exist'} as top-level attributes`,
  },
  signFunction: {
    concerns: facts => facts.imports('proxy_call_foreign_function') && facts.names('sign'),
    says: ({ signFunction }) => `the foreign function sign ${signFunction ? 'exists' : 'does not exist'}`,
  },
  pemKeys: {
    concerns: facts => facts.imports('proxy_call_foreign_function') && facts.names('verify_signature'),
    says: ({ pemKeys }) => `verify_signature takes keys as ${pemKeys ? 'DER or PEM' : 'DER only'}`,
  },
  headersStopIteration: {
    concerns: ({ use }) => use.allowOnHeadersStopIteration === true,
    says: ({ headersStopIteration }) =>
      headersStopIteration
        ? 'a header callback can stop the headers alone'
        : 'a header callback that stops also stops the body, because allow_on_headers_stop_iteration does not exist',
  },
  failurePolicy: {
    concerns: ({ use }) => use.failurePolicy === 'reload',
    says: ({ failurePolicy }) =>
      failurePolicy
        ? 'a filter that trapped is started again'
        : 'a filter that trapped is not started again, because failure policy "reload" does not exist',
  },
  pollErrno: {
    concerns: facts => facts.imports('poll_oneoff'),
    says: ({ pollErrno }) =>
      pollErrno === 0 ? 'poll_oneoff succeeds' : `poll_oneoff fails with error ${pollErrno}`,
  },
  foreignOnEffective: {
    concerns: facts =>
      facts.imports('proxy_call_foreign_function') &&
      facts.imports('proxy_set_effective_context') &&
      facts.names('set_envoy_filter_state'),
    says: ({ foreignOnEffective }) =>
      `set_envoy_filter_state acts on the ${foreignOnEffective ? 'effective context' : 'context of the callback'}`,
  },
  removesKeepAlive: {
    concerns: facts => facts.exports('proxy_on_response_headers') && facts.names('keep-alive'),
    says: ({ removesKeepAlive }) =>
      `the response header keep-alive ${removesKeepAlive ? 'is gone before the filter sees it' : 'reaches the filter'}`,
  },
  transportFailureText: {
    concerns: facts => facts.names('upstream connect error', 'connection failure'),
    says: ({ transportFailureText }) =>
      `the text of a refused upstream ${transportFailureText ? 'ends with' : 'leaves out'} the transport's own reason`,
  },
  upstreamResets: {
    concerns: ({ use }) => use.kind === 'network',
    says: ({ upstreamResets }) =>
      `the client sees an upstream's reset as ${upstreamResets ? 'a reset' : 'an orderly end'}`,
  },
  clientResets: {
    concerns: ({ use }) => use.kind === 'network',
    says: ({ clientResets }) =>
      `the upstream sees a client's reset as ${clientResets ? 'a reset' : 'an orderly end'}`,
  },
  newerExpressions: {
    concerns: facts => facts.names('expr_create'),
    says: ({ newerExpressions }) =>
      newerExpressions
        ? 'expressions know fields in backquotes, and string() writes doubles with every digit'
        : 'expressions know no fields in backquotes, and string() writes doubles with six digits',
  },
  boolsAsText: {
    concerns: facts => facts.names('expr_create'),
    says: ({ boolsAsText }) => `string() of an expression ${boolsAsText ? 'takes a bool' : 'takes no bool'}`,
  },
};

/** Returns a part of a sentence for each behaviour that differs between the two hosts and concerns this filter. */
export function profileDifferences(use: FilterUse, here: HostProfile, there: HostProfile): string[] {
  const facts = factsOf(use);
  const known = new Set(errorsOn(use.info, here));
  const refused = errorsOn(use.info, there).filter(message => !known.has(message));
  const names = Object.keys(rows) as RowName[];
  return [
    ...refused.map(message => `it does not load: ${message}`),
    ...names
      .filter(name => here[name] !== there[name] && rows[name].concerns(facts))
      .map(name => rows[name].says(there)),
  ];
}

function errorsOn(info: ModuleInfo, profile: HostProfile): string[] {
  return moduleFindings(info, profile)
    .filter(({ level }) => level === 'error')
    .map(({ message }) => message);
}

function factsOf(use: FilterUse): Facts {
  const { info, bytes } = use;
  const imported = new Set(info.imports.map(({ name }) => name));
  const exported = new Set(info.exports.map(({ name }) => name));
  const has = moduleConstants(info, bytes);
  return {
    use,
    imports: (...names) => names.some(name => imported.has(name)),
    exports: (...names) => names.some(name => exported.has(name)),
    names: (...texts) => texts.some(has),
  };
}
