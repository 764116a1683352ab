/** A configuration for control planes that take a JSON value instead of the text the filter will read. */
import { type IntentConfiguration, configurationText } from './intent.ts';

/** The value, or undefined when the configuration is not JSON, or would not arrive as it was written. */
export function jsonConfiguration(
  configuration: IntentConfiguration,
): { readonly value: unknown } | undefined {
  const text = configurationText(configuration);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    // Numbers travel as doubles: one that a double cannot hold would arrive as another.
    return hasLargeInteger(text) ? undefined : { value };
  } catch {
    return undefined;
  }
}

function hasLargeInteger(text: string): boolean {
  const outsideStrings = text.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  const integers = outsideStrings.match(/(?<![\d.])\d+(?![\d.eE])/g) ?? [];
  return integers.some(digits => !Number.isSafeInteger(Number(digits)));
}
