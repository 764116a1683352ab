/** Which texts a module has among its constants: names of functions, attributes, headers that it can ask for. */
import type { ModuleInfo } from '../../wasm/module.ts';

/** Looks in the data sections, for UTF-8 and UTF-16; they are read when it is first asked. */
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
