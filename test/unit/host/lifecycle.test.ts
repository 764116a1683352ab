import { describe, expect, it } from 'vitest';
import { newStreamInfo } from '../../../src/host/index.ts';
import type { TcpStreamSink } from '../../../src/host/types.ts';
import { bytes, get, headersOf, newHost, openStream } from '../../helpers/guests/test-environment.ts';
import { scriptedGuest, scriptedModule } from '../../helpers/guests/scripted-guest.ts';

class TcpSink implements TcpStreamSink {
  readonly events: string[] = [];
  toUpstream(data: Uint8Array, end: boolean): void {
    this.events.push(`up ${Buffer.from(data).toString()}${end ? ' end' : ''}`);
  }
  toDownstream(data: Uint8Array, end: boolean): void {
    this.events.push(`down ${Buffer.from(data).toString()}${end ? ' end' : ''}`);
  }
  connectUpstream(): void {
    this.events.push('connect');
  }
  closeDownstream(details: string): void {
    this.events.push(`close downstream ${details}`);
  }
  closeUpstream(details: string): void {
    this.events.push(`close upstream ${details}`);
  }
}

describe('lifecycle', () => {
  it('C1 a new VM gets create, start and configure', async () => {
    const { calls } = await scriptedGuest({}, { configuration: bytes('abc'), vmConfiguration: bytes('v') });
    expect(calls).toEqual(['context_create 1 0', 'vm_start 1 1', 'configure 1 3']);
  });

  it('C2 C3 C4 a stream context is created right before its headers, and gets log, done and delete at the end', async () => {
    const { host, plugin, calls } = await scriptedGuest({ done: () => 0 });
    const { stream } = openStream(host, [plugin]);
    expect(calls).toHaveLength(3);
    stream.decodeHeaders(get(), true);
    stream.encodeHeaders(headersOf({ ':status': '200' }), true);
    stream.complete();
    stream.complete();
    expect(calls.slice(3)).toEqual([
      'context_create 2 1',
      'request_headers 2 4 1',
      'response_headers 2 1 1',
      'log 2',
      'done 2',
      'delete 2',
    ]);
    expect(plugin.contextCount).toBe(1);
  });

  it('C5 a root that is not done is deleted once, after proxy_done, if other plugins keep the VM', async () => {
    const seen: unknown[] = [];
    const { host, plugin, calls, machine, on } = await scriptedGuest({
      done: () => 0,
      vm_start: guest => void guest.call('proxy_set_tick_period_milliseconds', 10),
    });
    await host.loadPlugin(scriptedModule(), { name: 'puppet', rootId: 'other' });
    on['tick'] = guest => void seen.push(guest.call('proxy_done'), guest.call('proxy_done'));
    plugin.close();
    expect(calls.at(-1)).toBe('done 1');
    machine.advance(10);
    expect(seen.slice(0, 2)).toEqual([0, 1]);
    expect(calls.filter(call => call === 'delete 1')).toHaveLength(1);
    host.close();
    machine.advance(100);
    expect(calls.filter(call => call.startsWith('delete'))).toEqual(['delete 1']);
  });

  it('C6 C7 proxy_done that no root waits for returns NotFound', async () => {
    const seen: unknown[] = [];
    const { host, plugin } = await scriptedGuest({
      configure: guest => void seen.push(guest.call('proxy_done')),
      request_headers: guest => void seen.push(guest.call('proxy_done')),
    });
    openStream(host, [plugin]).stream.decodeHeaders(get(), true);
    expect(seen).toEqual([1, 1]);
  });

  it('C8 C9 a deleted context cannot be made effective, and the effective context ends with the callback', async () => {
    const seen: unknown[] = [];
    let tick = 0;
    const probe = await scriptedGuest({
      vm_start: guest => void guest.call('proxy_set_tick_period_milliseconds', 10),
      tick: guest => {
        tick++;
        if (tick === 1) seen.push(guest.effective(2), guest.property('request', 'time') !== 1);
        else if (tick === 2) seen.push(guest.property('request', 'time'));
        else seen.push(guest.effective(2), guest.effective(0));
      },
    });
    const opened = openStream(probe.host, [probe.plugin]);
    opened.stream.decodeHeaders(get(), false);
    probe.machine.advance(20);
    opened.stream.complete();
    probe.machine.advance(10);
    expect(seen).toEqual([0, true, 1, 2, 0]);
  });

  it('C10 a client that disconnects: log, done and delete are called, without response maps', async () => {
    const seen: unknown[] = [];
    const { host, plugin, calls } = await scriptedGuest({ log: guest => void seen.push(guest.pairs(2)) });
    const { stream } = openStream(host, [plugin]);
    stream.decodeHeaders(get(), false);
    stream.reset('downstream_remote_disconnect');
    stream.decodeData(bytes('x'), true);
    stream.complete();
    expect(seen).toEqual([[]]);
    expect(calls.slice(-3)).toEqual(['log 2', 'done 2', 'delete 2']);
  });

  it('C11 C12 a connection: data both ways, the upstream end, the close, then done, log, delete', async () => {
    const { host, plugin, calls } = await scriptedGuest();
    const sink = new TcpSink();
    const tcp = host.tcpChain([plugin]).open(sink, newStreamInfo());
    tcp.downstreamData(bytes('abc'), false);
    tcp.upstreamData(bytes('de'), true);
    tcp.downstreamClosed('remote');
    tcp.downstreamClosed('remote');
    expect(calls.slice(3)).toEqual([
      'context_create 2 1',
      'new_connection 2',
      'downstream_data 2 3 0',
      'upstream_data 2 2 1',
      'upstream_connection_close 2 0',
      'downstream_connection_close 2 2',
      'done 2',
      'log 2',
      'delete 2',
    ]);
    expect(sink.events).toEqual(['connect', 'up abc', 'down de end']);
  });

  it('C13 a paused connection keeps its data: the next callback gets old and new data', async () => {
    const seen: unknown[] = [];
    const { host, plugin, calls } = await scriptedGuest({
      downstream_data: (guest, _id, size) => {
        seen.push(guest.body(2));
        return size < 7 ? 1 : 0;
      },
    });
    const sink = new TcpSink();
    const tcp = host.tcpChain([plugin]).open(sink, newStreamInfo());
    tcp.downstreamData(bytes('abc'), false);
    tcp.downstreamData(bytes('defg'), false);
    expect(seen).toEqual(['abc', 'abcdefg']);
    expect(calls.slice(-2)).toEqual(['downstream_data 2 3 0', 'downstream_data 2 7 0']);
    expect(sink.events).toEqual(['connect', 'up abcdefg']);
  });

  it('a connection held in new_connection is connected once it is continued', async () => {
    const { host, plugin, machine } = await scriptedGuest({
      vm_start: guest => void guest.call('proxy_set_tick_period_milliseconds', 10),
      new_connection: () => 1,
      tick: guest => {
        guest.effective(2);
        guest.continueStream(2);
      },
    });
    const sink = new TcpSink();
    host.tcpChain([plugin]).open(sink, newStreamInfo());
    expect(sink.events).toEqual([]);
    machine.advance(10);
    expect(sink.events).toEqual(['connect']);
  });

  it('C14 an access logger gets proxy_on_log for every ended stream, on its root, with the maps', async () => {
    const seen: unknown[] = [];
    const { host, plugin, calls } = await scriptedGuest({
      log: guest => void seen.push(guest.header(0, ':path'), guest.property('response', 'code')),
    });
    const { stream } = openStream(host, [], { accessLoggers: [plugin] });
    stream.decodeHeaders(get('/logged'), true);
    stream.encodeHeaders(headersOf({ ':status': '204' }), true);
    stream.complete();
    expect(calls.at(-1)).toBe('log 1');
    expect(seen).toEqual(['/logged', '\xcc\0\0\0\0\0\0\0']);
  });

  it('C15 C16 C17 ticks: a period after the last one ended, 0 stops them, a stream sets those of its root', async () => {
    const { host, plugin, machine, calls, on } = await scriptedGuest({
      request_headers: guest => void guest.call('proxy_set_tick_period_milliseconds', 100),
      tick: () => void (machine.nowMs += 30),
    });
    openStream(host, [plugin]).stream.decodeHeaders(get(), true);
    const ticks = () => calls.filter(call => call === 'tick 1').length;
    machine.advance(99);
    expect(ticks()).toBe(0);
    machine.advance(1);
    expect(ticks()).toBe(1);
    machine.nowMs = 1130;
    machine.advance(99);
    expect(ticks()).toBe(1);
    on['tick'] = guest => void guest.call('proxy_set_tick_period_milliseconds', 0);
    machine.advance(1);
    expect(ticks()).toBe(2);
    machine.advance(1000);
    expect(ticks()).toBe(2);
  });

  it('L24 L25 a start or configure function that returns 0 fails the load; after start, configure is not called', async () => {
    const calls: string[][] = [];
    for (const callback of ['vm_start', 'configure']) {
      const seen: string[] = [];
      calls.push(seen);
      const track = (name: string) => () => {
        seen.push(name);
        return name === callback ? 0 : 1;
      };
      await expect(
        scriptedGuest({ vm_start: track('vm_start'), configure: track('configure') }),
      ).rejects.toMatchObject({
        code: 'WASM_START',
        details: { refusal: callback === 'vm_start' ? 'StartFailed' : 'ConfigureFailed' },
      });
    }
    expect(calls).toEqual([['vm_start'], ['vm_start', 'configure']]);
  });

  it('L26 equal vm_id, configuration and code share one VM; each plugin has a root with the whole start sequence', async () => {
    const { host, calls } = await scriptedGuest({}, { rootId: 'a' });
    const other = await host.loadPlugin(scriptedModule(), { name: 'puppet', rootId: 'b' });
    expect(host.vmCount).toBe(1);
    expect(calls.slice(3)).toEqual(['context_create 2 0', 'vm_start 2 0', 'configure 2 0']);
    const same = await host.loadPlugin(scriptedModule(), { name: 'puppet', rootId: 'b' });
    expect(same.root).toBe(other.root);
  });

  it('L27 other code with the same vm_id runs in another VM', async () => {
    const { host } = await scriptedGuest();
    const { guest } = await import('../../helpers/guests/guests.ts');
    await host.loadPlugin(guest('header'), { name: 'header' });
    expect(host.vmCount).toBe(2);
  });

  it('L28 the first to make a VM decides its environment variables', async () => {
    const { host, plugin } = await scriptedGuest({}, { environmentVariables: { A: '1' } });
    const other = await host.loadPlugin(scriptedModule(), {
      name: 'other',
      environmentVariables: { B: '2' },
    });
    expect(other.root.vm).toBe(plugin.root.vm);
    expect(other.root.vm.options.environmentVariables).toEqual({ A: '1' });
  });

  it('L29 an empty root id can be read when the root is made', async () => {
    const seen: unknown[] = [];
    await scriptedGuest({ context_create: guest => void seen.push(guest.property('plugin_root_id')) });
    expect(seen).toEqual(['']);
  });

  it('a trap while the root is made does not refuse the load; every request is then 503', async () => {
    const { host, plugin, calls } = await scriptedGuest({ context_create: () => 'trap' });
    expect(calls).toEqual(['context_create 1 0', 'vm_start 1 0']);
    const { stream, sink } = openStream(host, [plugin]);
    stream.decodeHeaders(get(), true);
    expect(sink.events).toEqual(['response headers :status=503 end']);
  });

  it('log prefixes: streams have the plugin name, roots do not, empty parts are left out', async () => {
    const { host, plugin, machine } = await scriptedGuest(
      { configure: guest => void guest.log('root'), request_headers: guest => void guest.log('stream', 4) },
      { rootId: 'r', vmId: 'v' },
    );
    openStream(host, [plugin]).stream.decodeHeaders(get(), true);
    expect(machine.logs).toEqual(['info wasm log r v: root', 'error wasm log puppet r v: stream']);
    expect(newHost().host.vmCount).toBe(0);
  });
});
