/** The foreign functions `sign` and `verify_signature` (rows P16 of docs/host.md). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeMessage } from '../../src/host/encoding/protobuf.ts';
import { type CallOp, call, step } from '../helpers/guests/probe/script.ts';
import { type Scenario, scenario } from '../helpers/scenario/scenario.ts';
import { root } from '../helpers/tree.ts';

type Field = readonly [number: number, value: string | Uint8Array];

const keys = JSON.parse(readFileSync(join(root, 'test/fixtures/signing-keys.json'), 'utf8')) as Readonly<
  Record<string, string>
>;
const binary = (name: string): Uint8Array => Buffer.from(keys[name] ?? '', 'base64');
const text = (name: string): string => keys[name] ?? '';
const foreign = (name: string, fields: readonly Field[]): CallOp =>
  call('call_foreign_function', name, writeMessage(fields));

/** hash 1, key 2, signature 3, text 4, key as PEM 5 */
const verify = (...fields: readonly Field[]): CallOp => foreign('verify_signature', fields);
/** hash 1, key 2, text 3, key as PEM 4 */
const sign = (...fields: readonly Field[]): CallOp => foreign('sign', fields);

const rsa: readonly Field[] = [
  [3, binary('signature')],
  [4, 'text'],
];
const der: Field = [2, binary('publicDer')];

export const signatureScenarios: readonly Scenario[] = [
  scenario('foreign-verify-signature', 'P16', {
    on_request_headers: step([
      verify([1, 'sha256'], der, ...rsa),
      verify([1, 'SHA256'], der, ...rsa),
      verify([1, 'sha256'], der, [3, binary('signature')], [4, 'other']),
      verify([1, 'sha256'], der, [3, 'short'], [4, 'text']),
      verify([1, 'sha1'], der, [3, binary('sha1')], [4, 'text']),
      verify([1, 'sha512'], der, ...rsa),
      verify([1, 'md5'], der, ...rsa),
      verify([1, 'sha256'], der),
      verify(der, ...rsa),
    ]),
  }),
  scenario('foreign-verify-signature-keys', 'P16', {
    on_request_headers: step([
      verify([1, 'sha256'], [5, text('publicPem')], ...rsa),
      verify([1, 'sha256'], [6, text('publicPem')], ...rsa),
      verify([1, 'sha256'], [5, text('pkcs1PublicPem')], ...rsa),
      verify([1, 'sha256'], der, [5, text('publicPem')], ...rsa),
      verify([1, 'sha256'], [5, 'no pem'], ...rsa),
      verify([1, 'sha256'], [2, 'no der'], ...rsa),
      verify([1, 'sha256'], ...rsa),
      verify([1, 'sha256'], [2, binary('ecPublicDer')], [3, binary('ecSignature')], [4, 'text']),
      verify([1, 'sha256'], [2, binary('privateDer')], ...rsa),
    ]),
  }),
  scenario('foreign-verify-signature-no-message', 'P16', {
    on_request_headers: step([
      call('call_foreign_function', 'verify_signature', 'not a message'),
      call('call_foreign_function', 'verify_signature', ''),
    ]),
  }),
  scenario('foreign-sign', 'P16', {
    on_request_headers: step([
      sign([1, 'sha256'], [2, binary('privateDer')], [3, 'text']),
      sign([1, 'SHA512'], [2, binary('privateDer')], [3, 'text']),
      sign([1, 'sha1'], [4, text('privatePem')], [3, 'text']),
      sign([1, 'sha256'], [5, text('privatePem')], [3, 'text']),
      sign([1, 'sha256'], [2, binary('privatePkcs1Der')], [3, 'text']),
      sign([1, 'sha256'], [2, binary('privateDer')]),
      sign([1, 'md5'], [2, binary('privateDer')], [3, 'text']),
      sign([2, binary('privateDer')], [3, 'text']),
      sign([1, 'sha256'], [2, binary('privateDer')], [4, text('privatePem')], [3, 'text']),
      sign([1, 'sha256'], [3, 'text']),
      sign([1, 'sha256'], [2, 'no der'], [3, 'text']),
      sign([1, 'sha256'], [4, 'no pem'], [3, 'text']),
      sign([1, 'sha256'], [2, binary('publicDer')], [3, 'text']),
      call('call_foreign_function', 'sign', 'not a message'),
      call('call_foreign_function', 'sign', ''),
    ]),
  }),
];
