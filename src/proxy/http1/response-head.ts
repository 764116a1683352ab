/** The head of an HTTP/1 response: text → parsed. */
import type { HeaderEntry } from '../../host/http/header-map.ts';
import { type Framing, LengthHeaders, noBody } from './framing.ts';
import { HttpProtocolError } from './protocol-error.ts';
import { HeaderKind, HeaderPart } from './known-headers.ts';
import { HeaderLines, tokensOf } from './header-lines.ts';

export interface ResponseHead {
  readonly status: number;
  /** 1xx but 101: another head follows. */
  readonly interim: boolean;
  readonly headers: HeaderEntry[];
  readonly framing: Framing;
  /** The connection cannot be used again after this message. */
  readonly close: boolean;
}

export interface ResponseRules {
  /** It answers a HEAD. */
  readonly bodyless: boolean;
  /** Envoy before 1.38 shows the `keep-alive` header to filters. */
  readonly keepAliveShown: boolean;
}

/** Text of a response head without its final empty line. Throws HttpProtocolError. */
export function parseResponseHead(text: string, rules: ResponseRules): ResponseHead {
  const lines = new HeaderLines(text, HeaderPart.Response);
  const start = /^HTTP\/(\d\.\d)[ \t]+(\d{1,9})(?:[ \t]|$)/.exec(lines.startLine);
  if (start === null) throw new HttpProtocolError(400, 'bad status line');
  const status = Number(start[2]);
  const headers: HeaderEntry[] = [];
  const length = new LengthHeaders();
  let close = Number(start[1]) < 1.1;
  while (lines.read()) {
    const { name, value } = lines;
    switch (lines.kind) {
      case HeaderKind.ContentLength:
        length.contentLength(value);
        // A length of nothing is dropped before a filter can see it.
        if (status >= 200 && status !== 204) lines.addTo(headers);
        break;
      case HeaderKind.TransferEncoding:
        length.transferEncoding(value);
        lines.addTo(headers);
        break;
      case HeaderKind.Connection: {
        const tokens = tokensOf(value);
        if (tokens.includes('close')) close = true;
        else if (tokens.includes('keep-alive')) close = false;
        lines.addTo(headers);
        break;
      }
      default:
        if (rules.keepAliveShown || name !== 'keep-alive') lines.addTo(headers);
    }
  }
  if ((status < 200 || status === 204) && length.announced) {
    throw new HttpProtocolError(400, `a ${status} that announces a body`);
  }
  const framing =
    rules.bodyless || status < 200 || status === 204 || status === 304 ? noBody : length.ofResponse();
  return {
    status,
    interim: status >= 100 && status < 200 && status !== 101,
    headers,
    framing,
    close: close || framing.kind === 'until-close',
  };
}
