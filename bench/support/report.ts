/** What every benchmark writes with `--json`, so that one reader reads them all. */
export interface Report {
  readonly name: string;
  /** `name` says what was measured, from the general to the special: `sg-ssh.folder.calls`. */
  readonly results: readonly { readonly name: string; readonly value: number; readonly unit: string }[];
  /** Two of one run against each other, without a unit. */
  readonly ratios: readonly { readonly name: string; readonly value: number }[];
}

/**
 * A report as one line of JSON. Values keep three digits after the point.
 *
 * @throws {TypeError} for a value that is no number, and for two of one name: neither would be noticed by who reads the file.
 */
export function toLine({ name, results, ratios }: Report): string {
  for (const list of [results, ratios]) {
    const names = new Set<string>();
    for (const each of list) {
      if (!Number.isFinite(each.value)) throw new TypeError(`${name}: ${each.name} is ${each.value}.`);
      if (names.has(each.name)) throw new TypeError(`${name}: there are two of ${each.name}.`);
      names.add(each.name);
    }
  }
  const rounded = (value: number) => Number(value.toFixed(3));
  return JSON.stringify({
    name,
    results: results.map((each) => ({ name: each.name, value: rounded(each.value), unit: each.unit })),
    ratios: ratios.map((each) => ({ name: each.name, value: rounded(each.value) })),
  });
}
