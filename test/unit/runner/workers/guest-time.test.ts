import { describe, expect, it } from 'vitest';
import { enterGuest, leaveGuest } from '../../../../src/host/vm/guest-calls.ts';
import { GuestTime, newGuestTimeBuffer } from '../../../../src/runner/workers/guest-time.ts';

describe('the time that a guest has been running', () => {
  it('counts between looks that see the same call, and starts over with the next call', () => {
    const buffer = newGuestTimeBuffer();
    const word = new Int32Array(buffer);
    const time = new GuestTime(buffer);
    expect([time.look(250), time.look(250)]).toEqual([0, 0]);
    enterGuest(word);
    expect([time.look(250), time.look(250), time.look(100)]).toEqual([0, 250, 350]);
    leaveGuest(word);
    enterGuest(word);
    expect([time.look(250), time.look(250)]).toEqual([0, 250]);
    leaveGuest(word);
    expect([time.look(250), time.look(250)]).toEqual([0, 0]);
  });

  it('keeps counting for an outer call while another virtual machine is entered and left', () => {
    const buffer = newGuestTimeBuffer();
    const word = new Int32Array(buffer);
    const time = new GuestTime(buffer);
    enterGuest(word);
    enterGuest(word);
    leaveGuest(word);
    expect([time.look(250), time.look(250)]).toEqual([0, 250]);
  });

  it('stays right when the number of calls overflows its word', () => {
    const buffer = newGuestTimeBuffer();
    const word = new Int32Array(buffer);
    const time = new GuestTime(buffer);
    word[0] = 0x7fffffff - 15;
    enterGuest(word);
    leaveGuest(word);
    expect([time.look(250), time.look(250)]).toEqual([0, 0]);
    enterGuest(word);
    expect([time.look(250), time.look(250)]).toEqual([0, 250]);
  });
});
