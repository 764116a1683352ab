/** The world of a benchmark: virtual time as in a suite, but nothing is kept, so that the harness has no slope of its own. */
import { HeaderMap } from '../../host/http/header-map.ts';
import type { HttpCallListener, HttpCallRequest, HttpCallStart } from '../../host/types.ts';
import { VirtualEnvironment } from '../bundled/virtual-environment.ts';

const noBody = new Uint8Array();

export class BenchEnvironment extends VirtualEnvironment {
  constructor() {
    super({});
  }

  /** Lines are made by the guest, and read by nobody. */
  override log(): void {
    // Formatting and printing is not the filter's cost.
  }

  /** Every cluster answers 200 without a body, a virtual millisecond later. */
  override httpCall(_request: HttpCallRequest, listener: HttpCallListener): HttpCallStart {
    const answer = (): void =>
      listener.response(new HeaderMap([[':status', '200']]), noBody, new HeaderMap([]));
    return { status: 'started', cancel: this.schedule(1, answer) };
  }
}
