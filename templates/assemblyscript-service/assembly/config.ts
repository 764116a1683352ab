// The service's configuration: a JSON object.
//
//   { "cluster": "backend", "path": "/health", "intervalMs": 1000 }
import { Settings } from "./settings";

export class Config {
  /** Cluster that is watched. Empty: none. */
  cluster: string = "";
  /** What is asked for there. */
  path: string = "/";
  /** Time between two checks, and how long an answer may take. */
  intervalMs: u32 = 1000;
  /** What is wrong with the configuration; empty when it is good. */
  problem: string = "";
}

export function parseConfig(text: string): Config {
  const config = new Config();
  const settings = new Settings(text);
  config.cluster = settings.text("cluster", config.cluster);
  config.path = settings.text("path", config.path);
  const interval = settings.count("intervalMs", config.intervalMs);
  if (interval == 0 || interval > u32.MAX_VALUE) {
    settings.refuse("intervalMs must be from 1 to " + u32.MAX_VALUE.toString());
  }
  config.intervalMs = <u32>interval;
  config.problem = settings.problem();
  return config;
}
