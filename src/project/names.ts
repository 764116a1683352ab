/** The words that wasme.json and the command line share; no schema library behind them, so that flags are quick to declare. */

export const languages = ['assemblyscript', 'rust', 'cpp', 'tinygo', 'go'] as const;
export const kinds = ['http', 'network', 'service'] as const;
/** Ways of packing a module as an image; what each is for is told in src/oci/layouts/. */
export const layoutNames = [
  'compat',
  'docker',
  'oci',
  'hybrid',
  'cncf',
  'raw',
  'kubewarden',
  'higress',
] as const;

export type Language = (typeof languages)[number];
export type Kind = (typeof kinds)[number];
export type LayoutName = (typeof layoutNames)[number];
