/** The target `envoy`: a new bootstrap, or an edit of the user's file, for an Envoy that is started by hand. */
import { basename } from 'node:path';
import { WasmeError } from '../../errors.ts';
import { exists, readText } from '../../io/files/files.ts';
import type { Project } from '../../project/schema.ts';
import type { DeployIntent } from '../intent.ts';
import type { LiveTarget } from '../target.ts';
import { renderYaml } from '../yaml.ts';
import { envoyAdmin, readOnce } from './status/admin.ts';
import { bootstrap, clustersOf, pluginOf } from './bootstrap.ts';
import { diffEnvoy } from './diff.ts';
import {
  bootstrapName,
  bootstrapPath,
  discoveredEntry,
  discoveryPath,
  discoveryResponse,
} from './discovery.ts';
import { addToFile } from './edit/edit.ts';
import { readEnvoyFile } from './edit/envoy-file.ts';
import { wasmEntry } from './filters.ts';
import { pruneModules } from './folder.ts';
import type { EnvoyOptions } from './options.ts';
import { fileLog } from './status/log-signs.ts';
import { envoyStatus, filterNames } from './status/status.ts';
import { undeployEnvoy } from './undeploy.ts';
import { envoyVersion, newestEnvoy } from './versions.ts';
import { newestEnvoyMinor } from '../../wasm/hosts.ts';

export interface EnvoyObservation {
  /** Text of the file that is to be edited. */
  readonly text?: string;
  /** The bootstrap that an earlier run left in the folder of discovered filters. */
  readonly running?: string;
}

const defaultAdmins = ['127.0.0.1:9901'];

export const envoyTarget: LiveTarget<EnvoyOptions, EnvoyObservation> = {
  name: 'envoy',
  runsHere: true,
  accepts: ['file', 'http', 'proxy-file'],
  host: ({ version }) => `envoy@${envoyVersion(version).text}`,
  moduleFolder: ({ dynamic }) => dynamic,
  withProject,
  async observe(_intent, { in: path, inName, dynamic }) {
    if (path !== undefined) return { text: await readEnvoyFile(path, inName) };
    const present = dynamic === undefined ? undefined : bootstrapPath(dynamic);
    return present !== undefined && (await exists(present)) ? { running: await readText(present) } : {};
  },
  plan(intent, options, facts) {
    requireDigest(intent);
    const config = pluginOf(intent, options);
    const discovery = options.dynamic === undefined ? undefined : discoveryPath(options.dynamic, intent.id);
    const entry =
      discovery === undefined
        ? wasmEntry(intent.kind, intent.id, config)
        : discoveredEntry(intent, discovery);
    const files = [];
    const documents = [];
    if (discovery !== undefined) {
      const response = discoveryResponse(intent, config);
      documents.push({ name: basename(discovery), content: response });
      files.push({ path: discovery, data: renderYaml([response]) });
    }
    const warnings = warningsFor(intent, options);
    if (facts.text !== undefined && options.in !== undefined) {
      const addition = { intent, entry, clusters: clustersOf(intent, options) };
      const path = options.inName ?? options.in;
      const text = addToFile(facts.text, addition, { path, listener: options.listener });
      if (discovery !== undefined && !/^["']?node["']?:|"node"\s*:/m.test(text)) {
        warnings.push(`${path} has no node: discovery needs node.id and node.cluster`);
      }
      return { documents: [...documents, { name: 'filter', content: entry }], text, files, warnings };
    }
    const whole = bootstrap(intent, options, discovery === undefined ? undefined : entry);
    documents.push({ name: bootstrapName, content: whole });
    if (options.dynamic === undefined) return { documents, files, warnings };
    const start = { path: bootstrapPath(options.dynamic), data: renderYaml([whole]) };
    if (facts.running === undefined) return { documents, files: [...files, start], warnings };
    if (facts.running !== start.data) {
      warnings.push(
        `${start.path} stays as it is: what would differ in it needs a restart; delete it, and the next deployment writes it again`,
      );
    }
    return { documents, files, warnings };
  },
  async tidy({ code }, { dynamic }) {
    const name =
      code.from === 'file' ? /^(.+)-[0-9a-f]{16}\.wasm$/.exec(basename(code.path))?.[1] : undefined;
    return dynamic === undefined || name === undefined ? [] : pruneModules(dynamic, name);
  },
  diff: diffEnvoy,
  undeploy: undeployEnvoy,
  inquire({ admins: addresses = defaultAdmins, log }, system) {
    if (log !== undefined && addresses.length > 1) {
      throw new WasmeError('USAGE', 'one log cannot be of several Envoys', {
        hint: 'name one --admin with --log',
      });
    }
    const sources = { log: log === undefined ? undefined : fileLog(log) };
    return () => {
      const admins = addresses.map(address => readOnce(envoyAdmin(address, system)));
      return {
        filters: () => filterNames(admins),
        status: request => Promise.all(admins.map(admin => envoyStatus(admin, request, sources))),
      };
    };
  },
};

/** `deploy.envoy` first; the clusters and the upstream of `run` are what the filter was tried with. */
function withProject(
  options: EnvoyOptions,
  deploy: NonNullable<Project['deploy']>,
  { run }: Project,
): EnvoyOptions {
  return {
    ...options,
    version: options.version ?? deploy.envoy?.version,
    listener: options.listener ?? deploy.envoy?.listener,
    upstream: options.upstream ?? (run?.upstream === 'echo' ? undefined : run?.upstream),
    clusters: { ...run?.clusters, ...options.clusters },
  };
}

function requireDigest({ code }: DeployIntent): void {
  if (code.from !== 'http' || code.digest !== undefined) return;
  throw new WasmeError('DEPLOY_UNSUPPORTED', 'Envoy does not fetch code without its digest', {
    hint: 'leave --no-digest out, or give the digest with --digest sha256:…',
  });
}

function warningsFor(
  { runtime, allowedCapabilities }: DeployIntent,
  { version, dynamic }: EnvoyOptions,
): string[] {
  const found: string[] = [];
  if (runtime !== 'v8') found.push(`official builds of Envoy cannot run "${runtime}", only v8`);
  const { minor, text } = envoyVersion(version);
  if (minor > newestEnvoyMinor) {
    found.push(`Envoy ${text} is newer than this wasme knows; written as for ${newestEnvoy}`);
  }
  // Fields that it does not know make Envoy refuse a bootstrap, but not a discovered filter.
  if (dynamic !== undefined && allowedCapabilities !== undefined && version === undefined) {
    found.push(
      `written for Envoy ${newestEnvoy}: an older one would run the filter without its list of functions and only log that; name yours with --envoy-version`,
    );
  }
  return found;
}
