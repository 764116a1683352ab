/** The words that wasme.json and the command line share; no schema library behind them, so that flags are quick to declare. */

export const languages = ['assemblyscript', 'rust', 'cpp', 'tinygo', 'go'] as const;
export const kinds = ['http', 'network', 'service'] as const;

export type Language = (typeof languages)[number];
export type Kind = (typeof kinds)[number];
