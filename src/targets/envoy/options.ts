/** The flags of `deploy envoy`, as the library takes them. */

export interface EnvoyOptions {
  /** `1.36`; default: the newest that is known. */
  readonly version?: string | undefined;
  /** Address on which Envoy listens for traffic; default 0.0.0.0:8080. */
  readonly listen?: EnvoyAddress | undefined;
  /** Default 127.0.0.1:9901. */
  readonly admin?: EnvoyAddress | 'none' | undefined;
  /** URL of the backend; undefined: Envoy answers by itself. */
  readonly upstream?: string | undefined;
  /** Cluster name → URL, for call-outs. */
  readonly clusters?: Readonly<Record<string, string>> | undefined;
  /** From the end of the request to the end of the response; default Envoy's 15 s, 0: no limit. */
  readonly timeoutMs?: number | undefined;
  /** Pass HTTP/1.1 trailers on, which Envoy drops by default: suites have trailers whatever the version of HTTP. */
  readonly trailers?: boolean | undefined;
  /** Certificate authorities for https clusters, as Envoy will open the file. */
  readonly caFile?: string | undefined;
  /** A person's own Envoy file that is to be edited; absolute. */
  readonly in?: string | undefined;
  /** Name of `in` in messages, where its path means nothing to the person: a copy of standard input. */
  readonly inName?: string | undefined;
  /** File that `--diff` compares with beside those of `dynamic`: the one that is edited, or would be written; absolute. */
  readonly compareWith?: string | undefined;
  /** Only this listener of the file: its name or port. */
  readonly listener?: string | undefined;
  /** Admin interfaces whose Envoys are asked for their status; default: the one of `admin`. */
  readonly admins?: readonly string[] | undefined;
  /** Envoy's log file, read for the status; absolute. */
  readonly log?: string | undefined;
  /** Folder for a bootstrap and an ECDS file that a running Envoy watches; absolute. */
  readonly dynamic?: string | undefined;
}

export interface EnvoyAddress {
  readonly address: string;
  readonly port: number;
}
