/** Answers whether a host of a given version loads a module, why not, and what repairs it. */
import { offeredBy, type HostVersion, isForkedEnvoy } from '../hosts.ts';
import type { ModuleInfo } from '../module.ts';
import { type Finding, moduleFindings } from './module-findings.ts';

/** The answer of one host or loader about a module or an image. `Repair` is a line of text, or what a caller makes one of. */
export interface Compatibility<Repair = string> {
  readonly ok: boolean;
  /** One sentence: how it loads, or the first thing that prevents it. */
  readonly reason: string;
  /** Tells the user what to type or change; null when it loads, or when nothing helps. */
  readonly repair: Repair | null;
  /** Facts that do not decide. */
  readonly notes: readonly string[];
}

export function compatible(reason: string, notes: readonly string[] = []): Compatibility<never> {
  return { ok: true, reason, repair: null, notes };
}

export function incompatible<Repair = never>(
  reason: string,
  repair: Repair | null = null,
  notes: readonly string[] = [],
): Compatibility<Repair> {
  return { ok: false, reason, repair, notes };
}

/** Checks a module for one host. Pure; never fails. */
export function checkModule(module: ModuleInfo, host: HostVersion): Compatibility {
  const findings = hostFindings(module, host);
  const notes = [
    ...(host.note === undefined ? [] : [host.note]),
    ...findings.filter(({ level }) => level === 'warning').map(warningText),
  ];
  const [error, ...others] = findings.filter(({ level }) => level === 'error');
  if (error === undefined) return compatible(`Envoy 1.${host.envoyMinor} loads the module`, notes);
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  return incompatible(`${error.message}${more}`, error.repair, notes);
}

function warningText({ message, repair }: Finding): string {
  return repair === '' ? message : `${message}: ${repair}`;
}

/** Returns the findings of the Envoy in a host, and those of the host itself. */
export function hostFindings(module: ModuleInfo, host: HostVersion): Finding[] {
  if (isForkedEnvoy(host)) {
    const message = `it runs a fork of Envoy 1.${host.envoyMinor} with an ABI of its own, which no current toolchain targets`;
    return [{ code: 'fork', level: 'error', message, repair: 'upgrade to Istio 1.9 or newer' }];
  }
  const findings = moduleFindings(module, offeredBy(host));
  return host.name === 'gcp' ? [...findings, ...googleFindings(module)] : findings;
}

/**
 * Google's load balancers grant 16 MiB, and these calls return "unimplemented":
 * https://cloud.google.com/service-extensions/docs/plugins-overview#limitations
 */
const googleMaxPages = 256;
const googleMissing =
  /^proxy_(set_tick_period|define_metric|[gs]et_shared_data|\w+_shared_queue|http_call|grpc_)/;

function googleFindings(module: ModuleInfo): Finding[] {
  const findings: Finding[] = [];
  const missing = module.imports.filter(item => googleMissing.test(item.name)).map(item => item.name);
  if (missing.length > 0) {
    const message = `these calls do nothing there: ${missing.join(', ')}`;
    findings.push({ code: 'missing-import', level: 'warning', message, repair: '' });
  }
  const pages = module.memories[0]?.min ?? 0;
  if (pages > googleMaxPages) {
    const message = `the module starts with ${pages * 64} KiB of memory; it gets 16 MiB`;
    findings.push({ code: 'memory', level: 'error', message, repair: 'lower --initial-memory' });
  }
  return findings;
}
