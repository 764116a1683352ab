/** All host functions by import name. The ABI table, not this list, decides which of them a module may import. */
import { wasiModules } from '../../wasm/functions.ts';
import { bufferFunctions } from './buffers.ts';
import { foreignFunctions } from './foreign.ts';
import { grpcFunctions } from './grpc.ts';
import { headerFunctions } from './headers.ts';
import { httpCallFunctions } from './http-call.ts';
import type { EnvImplementations, HostImplementation } from './implementation.ts';
import { logFunctions } from './log.ts';
import { metricFunctions } from './metrics.ts';
import { propertyFunctions } from './properties.ts';
import { sharedDataFunctions } from './shared-data.ts';
import { sharedQueueFunctions } from './shared-queue.ts';
import { streamFunctions } from './stream.ts';
import { timerFunctions } from './timers.ts';
import { fileFunctions } from './wasi/files.ts';
import { pathAndSocketFunctions } from './wasi/paths-and-sockets.ts';
import { systemFunctions } from './wasi/system.ts';

export type { HostImplementation };

/** A function of the ABI table that no family implements is a type error here. */
const implementations: EnvImplementations = {
  ...logFunctions,
  ...headerFunctions,
  ...bufferFunctions,
  ...propertyFunctions,
  ...streamFunctions,
  ...timerFunctions,
  ...metricFunctions,
  ...sharedDataFunctions,
  ...sharedQueueFunctions,
  ...httpCallFunctions,
  ...grpcFunctions,
  ...foreignFunctions,
};

const env: ReadonlyMap<string, HostImplementation> = new Map(Object.entries(implementations));

const wasi: ReadonlyMap<string, HostImplementation> = new Map(
  [fileFunctions, pathAndSocketFunctions, systemFunctions].flatMap(
    family => Object.entries(family) as [string, HostImplementation][],
  ),
);

export function findImport(module: string, name: string): HostImplementation | undefined {
  if (module === 'env') return env.get(name);
  return wasiModules.includes(module) ? wasi.get(name) : undefined;
}
