/** Names, namespaces and labels as Kubernetes wants them, checked before anything is sent or printed. */
import { WasmeError } from '../../errors.ts';

// RFC 1123 label: what namespaces and label-safe object names are.
const dnsLabel = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const labelPart = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const dnsSubdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const maxLabelLength = 63;

/** An object's name. It also becomes a label value, so 63 characters, not 253. Fails with DEPLOY_NAME. */
export function checkName(name: string, flag: string): string {
  if (dnsSubdomain.test(name) && name.length <= maxLabelLength) return name;
  throw new WasmeError(
    'DEPLOY_NAME',
    `Kubernetes would refuse the name ${JSON.stringify(name)} (${flag}): lower-case letters, digits and "-", at most ${maxLabelLength} characters`,
    { hint: `for example ${flag} ${suggest(name)}`, details: { name } },
  );
}

/** Fails with DEPLOY_NAME. */
export function checkNamespace(namespace: string): string {
  if (dnsLabel.test(namespace) && namespace.length <= maxLabelLength) return namespace;
  throw new WasmeError('DEPLOY_NAME', `${JSON.stringify(namespace)} cannot be a namespace`, {
    hint: `lower-case letters, digits and "-": --namespace ${suggest(namespace)}`,
    details: { namespace },
  });
}

/** Name of a secret: control planes take one that cannot be for none at all. Fails with DEPLOY_NAME. */
export function checkSecret(name: string): string {
  if (dnsSubdomain.test(name) && name.length <= 253) return name;
  throw new WasmeError('DEPLOY_NAME', `${JSON.stringify(name)} cannot be the name of a secret`, {
    hint: 'a secret of the same namespace is named without it: lower-case letters, digits, "-" and "."',
    details: { name },
  });
}

/** Labels that pods are selected by; wildcards and empty keys are refused as the control planes do. Fails with DEPLOY_NAME. */
export function checkLabels(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [key, value] of Object.entries(labels)) {
    const [prefix, name] = key.includes('/') ? splitOnce(key) : [undefined, key];
    const keyIsGood =
      labelPart.test(name) &&
      name.length <= maxLabelLength &&
      (prefix === undefined || (dnsSubdomain.test(prefix) && prefix.length <= 253));
    const valueIsGood = value === '' || (labelPart.test(value) && value.length <= maxLabelLength);
    if (keyIsGood && valueIsGood) continue;
    throw new WasmeError('DEPLOY_NAME', `${JSON.stringify(`${key}=${value}`)} is not a label`, {
      hint: 'labels look like app=details or example.com/app=details, without wildcards',
      details: { key, value },
    });
  }
  return labels;
}

function splitOnce(key: string): [string, string] {
  const at = key.indexOf('/');
  return [key.slice(0, at), key.slice(at + 1)];
}

function suggest(name: string): string {
  const clean = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, maxLabelLength)
    .replace(/^-+|-+$/g, '');
  return clean === '' ? 'my-filter' : clean;
}
