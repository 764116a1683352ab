/** A stream as an access log sees it: read-only maps and the facts. */
import type { HeaderMap } from './header-map.ts';
import { MapType } from './status.ts';
import type { StreamInfo } from './types.ts';

export class LogView {
  readonly info: StreamInfo;
  private readonly requestHeaders: HeaderMap | undefined;
  private readonly responseHeaders: HeaderMap | undefined;
  private readonly responseTrailers: HeaderMap | undefined;

  constructor(
    info: StreamInfo,
    requestHeaders: HeaderMap | undefined,
    responseHeaders: HeaderMap | undefined,
    responseTrailers: HeaderMap | undefined,
  ) {
    this.info = info;
    this.requestHeaders = requestHeaders;
    this.responseHeaders = responseHeaders;
    this.responseTrailers = responseTrailers;
  }

  /** Request trailers and the maps of call-outs are never there. */
  map(type: number): HeaderMap | undefined {
    if (type === MapType.RequestHeaders) return this.requestHeaders;
    if (type === MapType.ResponseHeaders) return this.responseHeaders;
    return type === MapType.ResponseTrailers ? this.responseTrailers : undefined;
  }
}
