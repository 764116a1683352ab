// The filter's configuration: a JSON object.
//
//   { "banner": "welcome", "blockedPrefix": "BLOCKED" }
import { Settings } from "./settings";

export class Config {
  /** Line that is sent to the client before the upstream's first data. Empty: none. */
  banner: string = "";
  /** Connections whose first data starts with this are closed. Empty: none. */
  blockedPrefix: string = "BLOCKED";
  /** What is wrong with the configuration; empty when it is good. */
  problem: string = "";

  /** Whether a connection that starts with this data is closed. */
  blocks(data: ArrayBuffer): bool {
    const prefix = String.UTF8.encode(this.blockedPrefix);
    const size = prefix.byteLength;
    if (size == 0 || data.byteLength < size) return false;
    const same = memory.compare(
      changetype<usize>(data),
      changetype<usize>(prefix),
      size,
    );
    return same == 0;
  }
}

export function parseConfig(text: string): Config {
  const config = new Config();
  const settings = new Settings(text);
  config.banner = settings.text("banner", config.banner);
  config.blockedPrefix = settings.text("blockedPrefix", config.blockedPrefix);
  config.problem = settings.problem();
  return config;
}
