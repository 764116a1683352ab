/** What a filter would meet on another host version: the rows of the profiles table that concern this module. */
import { moduleFindings } from '../wasm/compatibility/module-findings.ts';
import type { ModuleInfo } from '../wasm/module.ts';
import { moduleConstants } from './vm/module-constants.ts';
import type { FailurePolicy } from './plugin-settings.ts';
import type { HostProfile } from './profiles.ts';

/** A module and how it is to be run. */
export interface FilterUse {
  readonly info: ModuleInfo;
  readonly bytes: Uint8Array;
  /** Where it sits; default: with HTTP. */
  readonly kind?: string | undefined;
  readonly failurePolicy?: FailurePolicy | undefined;
  readonly allowOnHeadersStopIteration?: boolean | undefined;
}

/** What of the module or its settings a row looks at. */
interface Facts {
  readonly use: FilterUse;
  imports(...names: string[]): boolean;
  exports(...names: string[]): boolean;
  /** Whether its data has the text, in UTF-8 or UTF-16: the name of a header, an attribute, a function. */
  names(...texts: string[]): boolean;
}

interface Row {
  concerns(facts: Facts): boolean;
  /** How it is with such a profile, as part of a sentence. */
  says(profile: HostProfile): string;
}

type RowName = Exclude<keyof HostProfile, 'name' | 'envoy' | 'wasiTier' | 'extraImports'>;

/** Every column of the table but the WASI tier, which decides about loading. */
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
      `a chunk that comes after a body was continued in its middle ${forwardAddedData ? 'goes on' : 'is lost'}`,
  },
  topLevelAttributes: {
    concerns: facts =>
      facts.imports('proxy_get_property') &&
      facts.names('cluster_name', 'route_name', 'listener_direction', 'node'),
    says: ({ topLevelAttributes }) =>
      `node, cluster_name, route_name and listener_direction are ${topLevelAttributes ? '' : 'not '}attributes by themselves`,
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
        : 'a header callback that stops also stops the body: there is no allow_on_headers_stop_iteration',
  },
  failurePolicy: {
    concerns: ({ use }) => use.failurePolicy === 'reload',
    says: ({ failurePolicy }) =>
      failurePolicy
        ? 'a filter that trapped is started again'
        : 'a filter that trapped stays out: there is no failure policy "reload"',
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

/** One part of a sentence for each thing that is otherwise `there` than `here`; empty when this filter meets none. */
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
