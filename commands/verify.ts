/** `wasme verify`: flags and printing; the job is in src/verify.ts. */
import type { Command } from 'commander';
import type { HostCompatibility } from '../src/oci/compatibility/check-image.ts';
import type { VerifyResult } from '../src/verify.ts';
import { printable } from '../src/io/printable.ts';
import { type Context, systemContextOf } from './ui/context.ts';
import { collect, globalOptions } from './ui/options.ts';
import { type RegistryFlags, addRegistryFlags, registryOptions } from './ui/registry.ts';
import { reporterFor } from './ui/progress-line.ts';
import { table, writeResult } from './ui/result.ts';

interface Flags extends RegistryFlags {
  readonly for?: string[];
  readonly key?: string;
  readonly remote?: boolean;
  readonly platform?: string;
}

export function declare(command: Command, context: Context): void {
  command
    .argument(
      '[target]',
      '.wasm file, project folder, image archive or image (default: the project in this folder)',
    )
    .option(
      '--for <hosts>',
      "hosts that must load it (default: the project's, else the newest of each, or none with --key)",
      collect,
    )
    .option('--key <file>', 'public key; the image must be signed with the matching private key')
    .option('--remote', 'read from the registry even if the local store has the image')
    .option('--platform <os/arch>', 'platform of the image to take from an index');
  addRegistryFlags(command)
    .addHelpText(
      'after',
      `
Hosts: envoy, istio, envoy-gateway, gloo, higress, gcp, each with a version where it matters;
loaders of images: cncf, kwctl, wasmcloud, wasme (wasme 0.x).

Examples:
  wasme verify                                       the project in this folder, for its hosts
  wasme verify build/add-header.wasm --for envoy@1.32,istio@1.20
  wasme verify registry.example/team/add-header:v1 --for istio@1.30,gloo@ee
  wasme verify registry.example/team/add-header:v1 --key cosign.pub`,
    )
    .action(async (target: string | undefined, flags: Flags) => {
      const options = globalOptions(command);
      const system = systemContextOf(context, reporterFor(context, options));
      const { verify } = await import('../src/verify.ts');
      const registry = await registryOptions(flags, context);
      const hosts = flags.for?.flatMap(list => list.split(',')).filter(name => name !== '');
      const { key, remote, platform } = flags;
      const result = await verify({ target, hosts, key, remote, platform, registry }, system);
      writeResult(context, options.json, result, resultText);
      if (!result.ok) command.parent?.setOptionValue('exitCode', 1);
    });
}

function resultText({ target, digest, verdicts, signature }: VerifyResult): string {
  const rows = [['host', 'loads', 'why'], ...verdicts.flatMap(verdictRows)];
  const hosts = verdicts.length > 0 ? table(rows) : 'no host was checked: --for names hosts\n';
  const sign =
    signature === null
      ? ''
      : `\nsignature: ${signature.ok ? 'good' : 'BAD'}: ${printable(signature.reason)}\n`;
  return `${printable(target)}${digest === null ? '' : ` (${digest})`}\n\n${hosts}${sign}`;
}

function verdictRows({ host, ok, reason, repair, notes }: HostCompatibility): string[][] {
  return [
    [host, ok ? 'yes' : 'no', printable(reason)],
    ...(repair === null ? [] : [['', '', `repair: ${printable(repair)}`]]),
    ...notes.map(note => ['', '', `note: ${printable(note)}`]),
  ];
}
