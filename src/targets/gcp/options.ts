/** The flags of `deploy gcp`, as the library takes them, and the names that Google Cloud accepts. */
import { WasmeError } from '../../errors.ts';
import type { loadBalancingSchemes } from '../../project/names.ts';

export interface GcpOptions {
  /** Id of the Google Cloud project. */
  readonly project?: string | undefined;
  /** `global`, or a region. */
  readonly location?: string | undefined;
  /** Load balancers that get the filter: full URLs of forwarding rules, or their paths from `projects/` on. */
  readonly forwardingRules?: readonly string[] | undefined;
  readonly scheme?: (typeof loadBalancingSchemes)[number] | undefined;
  /** CEL expression that chooses requests; default: all. */
  readonly match?: string | undefined;
}

export const defaultLocation = 'global';

/** `projects/p/locations/global`. Fails with USAGE without a project, or for names that are none. */
export function parentOf({ project, location = defaultLocation }: GcpOptions): string {
  if (project === undefined) {
    throw new WasmeError('USAGE', 'no Google Cloud project was named', {
      hint: 'add --project ID, or set deploy.gcp.project in wasme.json',
    });
  }
  // Some old projects have a domain in front: example.com:my-project.
  if (!/^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$/.test(project)) {
    throw new WasmeError('USAGE', `${JSON.stringify(project)} is not a project id`, {
      hint: 'six to thirty lower-case letters, digits and "-": gcloud projects list shows them',
    });
  }
  if (!/^[a-z]+(-[a-z]+\d+)?$/.test(location)) {
    throw new WasmeError('USAGE', `${JSON.stringify(location)} is not a location`, {
      hint: 'write global, or a region like europe-west1',
    });
  }
  return `projects/${project}/locations/${location}`;
}

/** An id of a plugin, chain or extension (RFC 1034). Fails with DEPLOY_NAME. */
export function checkId(id: string): string {
  if (/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/.test(id)) return id;
  throw new WasmeError('DEPLOY_NAME', `Google Cloud would refuse the name ${JSON.stringify(id)} (--id)`, {
    hint: 'lower-case letters, digits and "-", a letter first, at most 63 characters',
    details: { id },
  });
}

const api = 'https://www.googleapis.com/compute/v1/';

/** Full URL of a forwarding rule. Fails with USAGE. */
export function forwardingRule(text: string): string {
  const path = text.startsWith(api) ? text.slice(api.length) : text;
  if (/^projects\/[^/\s]+\/(global|regions\/[^/\s]+)\/forwardingRules\/[^/\s]+$/.test(path))
    return api + path;
  throw new WasmeError('USAGE', `${JSON.stringify(text)} is not a forwarding rule`, {
    hint: 'write projects/P/global/forwardingRules/NAME or projects/P/regions/R/forwardingRules/NAME',
  });
}
