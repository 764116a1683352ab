/** Tells which texts a module has among its constants: names of functions, attributes, headers that it may use. */
import type { ModuleInfo } from '../../wasm/module.ts';

/** Returns a search for texts in the data sections, as UTF-8 and UTF-16; the sections are read at the first call. */
export function moduleConstants(info: ModuleInfo, bytes: Uint8Array): (text: string) => boolean {
  let data: string | undefined;
  return text => {
    data ??= dataText(info, bytes);
    return data.includes(text) || data.includes([...text].join('\0'));
  };
}

function dataText({ sections }: ModuleInfo, bytes: Uint8Array): string {
  const decoder = new TextDecoder('latin1');
  return sections
    .filter(({ name }) => name === 'data')
    .map(({ start, end }) => decoder.decode(bytes.subarray(start, end)))
    .join('\n');
}
