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
    // Numbers travel as doubles: one that a double cannot hold would arrive as another, or as none.
    return hasLargeNumber(text) ? undefined : { value };
  } catch {
    return undefined;
  }
}

function hasLargeNumber(text: string): boolean {
  const outsideStrings = text.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  const integers = outsideStrings.match(/(?<![\d.])\d+(?![\d.eE])/g) ?? [];
  const exponents = outsideStrings.match(/[\d.]+[eE]\+?\d+/g) ?? [];
  return (
    integers.some(digits => !Number.isSafeInteger(Number(digits))) ||
    exponents.some(number => !Number.isFinite(Number(number)))
  );
}
