// The filter's configuration: a JSON object. A bare text is taken as the greeting.
//
//   { "greeting": "hello", "blockedPath": "/blocked", "checkCluster": "auth" }
import { Settings } from "./settings";

export class Config {
  /** Value of the header `x-greeting` on requests and responses. */
  greeting: string = "hello";
  /** Requests for this path, or anything below it, are answered by the filter. Empty: none. */
  blockedPath: string = "/blocked";
  /** Cluster that is asked before a request goes on. Empty: nobody is asked. */
  checkCluster: string = "";
  /** What is wrong with the configuration; empty when it is good. */
  problem: string = "";

  /** Whether the filter answers this `:path` itself. */
  blocks(path: string): bool {
    if (this.blockedPath == "") return false;
    const query = path.indexOf("?");
    const plain = query < 0 ? path : path.substring(0, query);
    return (
      plain == this.blockedPath || plain.startsWith(this.blockedPath + "/")
    );
  }
}

export function parseConfig(text: string): Config {
  const config = new Config();
  const trimmed = text.trim();
  if (trimmed != "" && !trimmed.startsWith("{")) {
    config.greeting = trimmed;
    return config;
  }
  const settings = new Settings(trimmed);
  config.greeting = settings.text("greeting", config.greeting);
  config.blockedPath = settings.text("blockedPath", config.blockedPath);
  config.checkCluster = settings.text("checkCluster", config.checkCluster);
  config.problem = settings.problem();
  return config;
}
