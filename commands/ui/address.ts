/** commander parser for `8080`, `127.0.0.1:8080`, `[::1]:8080`. */
import { InvalidArgumentError } from 'commander';

export interface FlagAddress {
  readonly address: string;
  readonly port: number;
}

/** An address; without a host it is `defaultHost`. */
export function address(defaultHost: string): (text: string) => FlagAddress {
  return text => {
    const match = /^(?:\[?([0-9a-zA-Z.:-]+?)\]?:)?(\d{1,5})$/.exec(text);
    const port = Number(match?.[2]);
    if (match === null || port > 65_535) {
      throw new InvalidArgumentError('It must look like 8080 or 127.0.0.1:8080.');
    }
    return { address: match[1] ?? defaultHost, port };
  };
}
