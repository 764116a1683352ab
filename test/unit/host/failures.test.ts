import { describe, expect, it } from 'vitest';
import type { PluginOptions } from '../../../src/host/index.ts';
import { compileWat } from '../../helpers/guests/guests.ts';
import { bytes, get, headersOf, newHost, openStream } from '../../helpers/guests/test-environment.ts';
import { scriptedGuest } from '../../helpers/guests/scripted-guest.ts';

async function trapping(callback: string, options: Partial<PluginOptions> = {}) {
  const made = await scriptedGuest({ [callback]: () => 'trap' }, options);
  const opened = openStream(made.host, [made.plugin]);
  return { ...made, ...opened };
}

describe('failures', () => {
  it('T1 T2 a trap in the request is answered with 503 without body, and so are later requests, without calling the guest', async () => {
    const { host, plugin, stream, sink, calls, machine } = await trapping('request_headers');
    stream.decodeHeaders(get(), false);
    stream.decodeData(bytes('x'), true);
    stream.complete();
    expect(sink.events).toEqual(['response headers :status=503 end']);
    expect(stream.info.responseCodeDetails).toBe('wasm_fail_stream');
    const before = calls.length;
    const second = openStream(host, [plugin]);
    second.stream.decodeHeaders(get(), true);
    second.stream.complete();
    expect(second.sink.events).toEqual(['response headers :status=503 end']);
    expect(calls).toHaveLength(before);
    expect(machine.hostLogs[0]).toContain(
      'Function: proxy_on_request_headers failed: Uncaught RuntimeError: unreachable',
    );
  });

  it('T3 T4 the old field fail_open lets the stream that trapped continue, FAIL_OPEN only later ones', async () => {
    const legacy = await trapping('request_headers', { legacyFailOpen: true });
    legacy.stream.decodeHeaders(get(), true);
    expect(legacy.sink.requestHeadersOut).toBeDefined();
    const open = await trapping('request_headers', { failurePolicy: 'open' });
    open.stream.decodeHeaders(get(), true);
    expect(open.sink.events).toEqual(['response headers :status=503 end']);
    const later = openStream(open.host, [open.plugin]);
    later.stream.decodeHeaders(get(), true);
    later.stream.complete();
    expect(later.sink.requestHeadersOut).toBeDefined();
    expect(open.calls.filter(call => call.startsWith('log'))).toEqual([]);
  });

  it('T5 a trap in the response headers is answered with 503, straight to the client', async () => {
    const { stream, sink } = await trapping('response_headers');
    stream.decodeHeaders(get(), true);
    stream.encodeHeaders(headersOf({ ':status': '200' }), true);
    expect(sink.events.at(-1)).toBe('response headers :status=503 end');
  });

  it('T6 a trap in the response body after its headers resets the stream', async () => {
    const { stream, sink } = await trapping('response_body');
    stream.decodeHeaders(get(), true);
    stream.encodeHeaders(headersOf({ ':status': '200' }), false);
    stream.encodeData(bytes('x'), true);
    expect(sink.events.at(-1)).toBe('reset wasm_fail_stream');
  });

  it('T7 a trap in a tick fails the other streams at their next callback', async () => {
    const { host, plugin, machine } = await scriptedGuest({
      vm_start: guest => void guest.call('proxy_set_tick_period_milliseconds', 10),
      tick: () => 'trap',
    });
    const { stream, sink } = openStream(host, [plugin]);
    stream.decodeHeaders(get(), false);
    machine.advance(10);
    expect(sink.events).toHaveLength(1);
    stream.decodeData(bytes('x'), true);
    expect(sink.events.at(-1)).toBe('response headers :status=503 end');
  });

  it('T8 a trap in the answer of a call-out leaves the paused stream paused', async () => {
    const { host, plugin, machine } = await scriptedGuest({
      request_headers: guest => {
        guest.httpCall('backend', { ':method': 'GET', ':path': '/', ':authority': 'b' });
        return 1;
      },
      http_call_response: () => 'trap',
    });
    const { stream, sink } = openStream(host, [plugin]);
    stream.decodeHeaders(get(), true);
    machine.httpCalls[0]?.respond(200);
    expect(sink.events).toEqual([]);
    expect(machine.hostLogs[0]).toContain('proxy_on_http_call_response failed');
  });

  it('T9 a trap in a gRPC request is answered with 200 and grpc-status 14', async () => {
    const { stream, sink } = await trapping('request_headers');
    stream.decodeHeaders(get('/', { 'content-type': 'application/grpc' }), true);
    expect(sink.events).toEqual([
      'response headers :status=200 content-type=application/grpc grpc-status=14 end',
    ]);
  });

  it('T10 T11 FAIL_RELOAD starts a new VM with the whole start sequence after the back-off, not before it', async () => {
    const { host, plugin, calls, machine, on } = await scriptedGuest(
      { request_headers: () => 'trap' },
      { failurePolicy: 'reload' },
    );
    openStream(host, [plugin]).stream.decodeHeaders(get(), true);
    machine.nowMs += 200;
    const early = openStream(host, [plugin]);
    early.stream.decodeHeaders(get(), true);
    expect(early.sink.events).toEqual(['response headers :status=503 end']);
    expect(plugin.reloads).toEqual({ success: 0, failure: 0, backoff: 1 });
    delete on['request_headers'];
    machine.nowMs += 5000;
    calls.length = 0;
    const late = openStream(host, [plugin]);
    late.stream.decodeHeaders(get(), true);
    expect(plugin.reloads.success).toBe(1);
    expect(calls).toEqual([
      'context_create 1 0',
      'vm_start 1 0',
      'configure 1 0',
      'context_create 2 1',
      'request_headers 2 4 1',
    ]);
    expect(late.sink.requestHeadersOut).toBeDefined();
  });

  it('T12 fail_open and a failure policy at once are refused', async () => {
    await expect(scriptedGuest({}, { legacyFailOpen: true, failurePolicy: 'open' })).rejects.toMatchObject({
      code: 'USAGE',
      message: 'only one of fail_open or failure_policy can be set',
    });
  });

  it('T13 shared data outlives the VM', async () => {
    const { host, plugin, machine, on } = await scriptedGuest(
      {
        request_headers: guest => {
          guest.call('proxy_set_shared_data', ...guest.put('k'), ...guest.put('v'), 0);
          return 'trap';
        },
      },
      { failurePolicy: 'reload' },
    );
    openStream(host, [plugin]).stream.decodeHeaders(get(), true);
    machine.nowMs += 5000;
    const seen: unknown[] = [];
    on['request_headers'] = guest => {
      guest.call('proxy_get_shared_data', ...guest.put('k'), 1024, 1028, 1032);
      seen.push(guest.text(guest.u32(1024), guest.u32(1028)));
    };
    openStream(host, [plugin]).stream.decodeHeaders(get(), true);
    expect(seen).toEqual(['v']);
  });

  it('T14 a trap in the log does not touch the client; nothing is called after it', async () => {
    const { stream, sink, calls, plugin } = await trapping('log');
    stream.decodeHeaders(get(), true);
    stream.encodeHeaders(headersOf({ ':status': '200' }), true);
    stream.complete();
    expect(sink.events.at(-1)).toBe('response headers :status=200 end');
    expect(calls.at(-1)).toBe('log 2');
    expect(plugin.failed).toBe(true);
  });

  it('T15 T16 host functions outside the allowed capabilities return InternalFailure, callbacks are not called', async () => {
    const seen: unknown[] = [];
    const { host, plugin, calls, machine } = await scriptedGuest(
      { configure: guest => void seen.push(guest.header(0, 'a')) },
      {
        allowedCapabilities: [
          'proxy_log',
          'proxy_on_configure',
          'proxy_on_context_create',
          'proxy_call_foreign_function',
        ],
      },
    );
    openStream(host, [plugin]).stream.decodeHeaders(get(), true);
    expect(seen).toEqual([10]);
    expect(calls).toEqual(['context_create 1 0', 'configure 1 0', 'context_create 2 1']);
    expect(machine.hostLogs[0]).toContain(
      'Attempted call to restricted proxy-wasm capability: proxy_get_header_map_value',
    );
  });

  it('T17 a WASI function that is not allowed returns NotCapable', async () => {
    const code = compileWat(`(module
      (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
      (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (func (export "proxy_abi_version_0_2_1"))
      (func (export "malloc") (param i32) (result i32) (i32.const 64))
      (func (export "proxy_on_configure") (param i32 i32) (result i32)
        (i32.store8 (i32.const 32) (call $random (i32.const 0) (i32.const 8)))
        (call $log (i32.const 2) (i32.const 32) (i32.const 1)) (i32.const 1) (i32.add)))`);
    const { host, machine } = newHost();
    await host.loadPlugin(code, { name: 'p', allowedCapabilities: ['proxy_log', 'proxy_on_configure'] });
    expect(machine.logs.map(line => line.slice(-1))).toEqual([String.fromCharCode(76)]);
  });

  it('T18 a trap names the functions it went through', async () => {
    const code = compileWat(`(module (memory (export "memory") 1)
      (func $inner (unreachable))
      (func $_ZN4core9panicking5panic17h0123456789abcdefE (call $inner))
      (func (export "proxy_abi_version_0_2_1"))
      (func (export "malloc") (param i32) (result i32) (i32.const 64))
      (func (export "proxy_on_configure") (param i32 i32) (result i32)
        (call $_ZN4core9panicking5panic17h0123456789abcdefE) (i32.const 1)))`);
    const { host, machine } = newHost();
    await expect(host.loadPlugin(code, { name: 'p' })).rejects.toMatchObject({ code: 'WASM_START' });
    expect(machine.hostLogs[0]).toMatch(
      /in-VM backtrace:\n {2}0: {2}0x[0-9a-f]+ - inner\n {2}1: {2}0x[0-9a-f]+ - core::panicking::panic/,
    );
  });

  it('endless recursion is a trap like any other', async () => {
    const code = compileWat(`(module (memory (export "memory") 1)
      (func $again (call $again))
      (func (export "proxy_abi_version_0_2_1"))
      (func (export "malloc") (param i32) (result i32) (i32.const 64))
      (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (call $again) (i32.const 0)))`);
    const { host, machine } = newHost();
    const plugin = await host.loadPlugin(code, { name: 'p' });
    const { stream, sink } = openStream(host, [plugin]);
    stream.decodeHeaders(get(), true);
    expect(sink.events).toEqual(['response headers :status=503 end']);
    expect(machine.hostLogs[0]).toContain('call stack');
  });

  it('an uncaught exception of the guest is a trap too', async () => {
    const code = compileWat(`(module (memory (export "memory") 1) (tag $e)
      (func (export "proxy_abi_version_0_2_1"))
      (func (export "malloc") (param i32) (result i32) (i32.const 64))
      (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (throw $e)))`);
    const { host } = newHost();
    const plugin = await host.loadPlugin(code, { name: 'p' });
    const { stream, sink } = openStream(host, [plugin]);
    stream.decodeHeaders(get(), true);
    expect(sink.events).toEqual(['response headers :status=503 end']);
  });

  it('what the guest queued before its trap still happens, after the 503', async () => {
    const { host, plugin } = await scriptedGuest({
      request_headers: guest => {
        guest.reply(200, 'mine', [], 'guest_details');
        return 'trap';
      },
    });
    const { stream, sink } = openStream(host, [plugin]);
    stream.decodeHeaders(get(), true);
    expect(sink.events).toEqual(['response headers :status=503 end']);
    expect(stream.info.responseCodeDetails).toBe('guest_details');
  });
});
