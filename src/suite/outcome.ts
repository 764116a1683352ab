/** What was observed of one case. Text is UTF-8, replaced where invalid. */
export interface ObservedMessage {
  /** Name → values in order. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
  readonly bodyBytes: number;
  readonly trailers: ReadonlyMap<string, readonly string[]>;
}

export interface CaseOutcome {
  /** What reached the upstream; undefined when nothing did. */
  readonly upstream: ObservedMessage | undefined;
  /** What reached the client; undefined when the stream was reset or never answered. */
  readonly response: ObservedMessage | undefined;
  /** Why there is no whole response: Envoy's response-code detail, or that the filter paused for ever. */
  readonly details: string | undefined;
  readonly logs: readonly string[];
  readonly metrics: ReadonlyMap<string, number>;
  readonly callouts: readonly { readonly cluster: string; readonly request: ObservedMessage }[];
}
